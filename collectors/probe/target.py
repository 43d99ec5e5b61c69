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
