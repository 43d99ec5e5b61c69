"""One target: what is asked, how, how often, and the labels of what is found."""

from collections.abc import Mapping
from dataclasses import dataclass

from collectors.probe.modules import Module


@dataclass(frozen=True, slots=True)
class Target:
    instance: str
    module_name: str
    module: Module
    given: Mapping[str, str]
    """Labels of its group."""
    interval_ms: int
    timeout_ms: int

    @property
    def source(self) -> str:
        """The name of it on the bus."""
        return f"probe:{self.module_name}:{self.instance}"

    @property
    def labels(self) -> dict[str, str]:
        return {"job": "probe", "module": self.module_name, **self.given, "instance": self.instance}


def server_of(instance: str, port: int) -> tuple[str, int]:
    """Host and port of `host`, `host:port`, `[address]:port` or a bare address. Raises ValueError."""
    if instance.count(":") > 1 and not instance.startswith("["):
        return instance, port
    host, colon, given = instance.rpartition(":")
    if not colon or instance.endswith("]"):
        return instance.strip("[]"), port
    if not host or not given.isascii() or not given.isdigit() or not 0 < int(given) < 65_536:
        raise ValueError(f"expected host or host:port, got {instance}")
    return host.strip("[]"), int(given)
