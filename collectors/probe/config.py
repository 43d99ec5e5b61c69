"""What to probe, how, and how often."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, model_validator

from collectors.probe.modules import BUILT_IN, UNSUPPORTED, Module
from collectors.probe.target import Target, server_of
from collectors.prometheus.fields import DurationMs
from collectors.prometheus.files import read_yaml
from schemas.plugins import PluginConfig

DEFAULT_TIMEOUT_MS = 10_000


class ProbedGroup(PluginConfig):
    """Targets that are probed alike and share labels: URLs for `http`, `host:port` for `tcp`, a server and perhaps its
    port for `dns`. `timeout` is by default that of the module, then that of all, but no longer than the interval: a
    probe that goes on for longer takes the place of the next."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    targets: tuple[str, ...] = Field(min_length=1)
    module: str = "http_2xx"
    labels: Mapping[str, str] = {}
    interval_ms: DurationMs | None = Field(default=None, alias="interval")
    timeout_ms: DurationMs | None = Field(default=None, alias="timeout")


class ProbeConfig(PluginConfig):
    """Without `interval` the agent's own holds. `modules` are blackbox_exporter's; those in `module_files` are read as
    they are in its own configuration. `http_2xx`, `tcp_connect` and `tls_connect` are there already. Each target is
    probed at its own moments and never twice at once; no more than `concurrency` probes are under way, and where so
    many hang, the next waits for one of them to time out, which does not count as its own duration.
    """

    interval_ms: DurationMs | None = Field(default=None, alias="interval")
    timeout_ms: DurationMs = Field(default=DEFAULT_TIMEOUT_MS, alias="timeout")
    concurrency: int = Field(default=256, gt=0)
    module_files: tuple[Path, ...] = ()
    modules: Mapping[str, Module] = {}
    targets: tuple[ProbedGroup, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _with_files(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("module_files"), list | tuple):
            return data
        found: dict[str, Any] = {}
        for file in data["module_files"]:
            found |= _modules_of(Path(str(file)))
        return {**data, "modules": {**found, **(data.get("modules") or {})}}

    @model_validator(mode="after")
    def _targets_fit(self) -> Self:
        seen = set()
        for target in self.probed(1):
            if target.source in seen:
                raise ValueError(f"{target.instance} is probed twice by module {target.module_name}")
            seen.add(target.source)
        return self

    def probed(self, default_interval_ms: int) -> Iterator[Target]:
        """All targets. Raises ValueError for what cannot be probed."""
        modules = {**BUILT_IN, **self.modules}
        for group in self.targets:
            if group.module not in modules:
                raise ValueError(f"module {group.module}: expected one of {', '.join(sorted(modules))}")
            module = modules[group.module]
            interval_ms = group.interval_ms or self.interval_ms or default_interval_ms
            timeout_ms = group.timeout_ms or module.timeout_ms or min(self.timeout_ms, interval_ms)
            for instance in group.targets:
                _check(instance, module)
                yield Target(instance, group.module, module, group.labels, interval_ms, timeout_ms)


def _modules_of(file: Path) -> dict[str, Any]:
    """Those of our probers: a file of blackbox_exporter's may have others, which need not keep it from being of use."""
    content = read_yaml(file)
    if not isinstance(content, dict) or not isinstance(content.get("modules"), dict):
        raise ValueError(f"{file}: expected a mapping modules")
    modules: dict[str, Any] = content["modules"]
    others = [name for name, each in modules.items() if isinstance(each, dict) and each.get("prober") in UNSUPPORTED]
    return {name: each for name, each in modules.items() if name not in others}


def _check(instance: str, module: Module) -> None:
    """The URL is a label of every sample, so it holds no secret."""
    if module.prober == "http":
        url = urlsplit(instance if "://" in instance else f"http://{instance}")
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(f"{instance}: expected a URL of http or https")
        if url.username or url.password:
            raise ValueError(f"{url.hostname}: expected a URL without a password, which basic_auth takes by reference")
    elif module.prober == "tcp":
        host, _, port = instance.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
            raise ValueError(f"{instance}: expected host:port")
    else:
        server_of(instance, 0)
