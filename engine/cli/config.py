"""The configuration of a node: command line > `REFLEXARC_*` > environment file > `reflexarc.toml` > defaults.

`REFLEXARC_ENGINE__TICK=500ms` sets `tick` of `[engine]`; the environment file is `$REFLEXARC_ENV.toml` beside the
configuration, such as `production.toml`. In every text `{state_dir}` stands for the state directory and `{config_dir}`
for the folder of the configuration file. All mistakes are reported at once, each with its place.
"""

import re
import socket
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from engine.cli.config_events import AnalysisSection, RedactSection
from engine.cli.config_trust import TrustSection, each_once
from engine.cli.config_types import DurationMs
from schemas.plugins import ActuatorSpec, CollectorSpec, PluginConfig
from schemas.wording import shown

PREFIX = "REFLEXARC_"
DEFAULT_FILE = Path("reflexarc.toml")

_LAST_PORT = 65_535


class ConfigError(Exception):
    """The configuration's mistakes, a line each."""


def _host_and_port(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    host, _, port = value.rpartition(":")
    if not value:
        return None
    if not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > _LAST_PORT:
        raise ValueError(f"expected host:port such as 127.0.0.1:9099, got {shown(value)}")
    return host.removeprefix("[").removesuffix("]"), int(port)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NatsSection(_Section):
    """Where the bus is. Without `url`, `reflexarc up` starts a server of its own on `port` (0: a free one).

    `replicas`: how many servers of a cluster store each stream; the engine makes it so.
    """

    url: str | None = None
    credentials: Path | None = None
    port: int = Field(default=0, ge=0, le=65535)
    replicas: int = Field(default=1, ge=1, le=5)


class AgentSection(_Section):
    interval: DurationMs = 5_000
    collectors: dict[str, dict[str, Any]] = {"host": {}}
    redact: RedactSection = RedactSection()
    analysis: AnalysisSection = AnalysisSection()


def _query(text: str) -> str:
    from engine.promql import PromqlError, compile_query  # noqa: PLC0415 - an agent is installed without it

    try:
        compile_query(text)
    except PromqlError as error:
        raise ValueError(f"expected PromQL, got {text!r}: {error}") from error
    return text


class EngineSection(_Section):
    """`pinned` are queries whose series are kept for `retention` although no rule looks at them, as recorded ones are.

    `listen`: where the HTTP API is; None or "" for nowhere. `signing_key`: None for one that the engine makes itself.
    """

    signing_key: Path | None = None
    rules: list[Path] = [Path("rules")]
    environment: str = ""
    evaluation_interval: DurationMs = 15_000
    command_ttl: DurationMs = 30_000
    lease: DurationMs = 10_000
    approval_ttl: DurationMs = 900_000
    external_labels: dict[str, str] = {}
    external_url: str = ""
    pinned: list[Annotated[str, AfterValidator(_query)]] = []
    retention: DurationMs = 900_000
    max_series: int = Field(default=1_000_000, ge=1)
    max_samples: int = Field(default=200_000_000, ge=1)
    max_query_samples: int = Field(default=50_000_000, ge=1)
    max_skew: DurationMs = 600_000
    event_lateness: DurationMs = 300_000
    max_event_alerts: int = Field(default=1_000, ge=1)
    max_event_groups: int = Field(default=10_000, ge=1)
    max_event_series: int = Field(default=1_000, ge=1)
    tick: DurationMs = 1_000
    snapshot_every: DurationMs = 600_000
    replay: DurationMs = 1_000
    snapshots_kept: int = Field(default=3, ge=1)
    listen: Annotated[tuple[str, int] | None, BeforeValidator(_host_and_port)] = None


class ActuatorSection(_Section):
    """`trust`: whose commands are carried out; without any, those of this machine's own engine."""

    plugins: dict[str, dict[str, Any]] = {}
    trust: Annotated[dict[str, TrustSection], AfterValidator(each_once)] = {}


class Config(_Section):
    """`reflexarc.toml`. Relative paths are seen from the working directory."""

    node: str = Field(default_factory=socket.gethostname, min_length=1)
    state_dir: Path = Path(".reflexarc")
    metrics_interval: Annotated[DurationMs, Field(gt=0)] = 5_000
    nats: NatsSection = NatsSection()
    agent: AgentSection = AgentSection()
    engine: EngineSection = EngineSection()
    actuator: ActuatorSection = ActuatorSection()

    @property
    def server_dir(self) -> Path:
        return self.state_dir / "nats"

    @property
    def credentials_file(self) -> Path | None:
        """The login file: the one that is configured, or the embedded server's where there is one."""
        own = self.server_dir / "credentials.json"
        return self.nats.credentials or (own if own.exists() else None)

    @property
    def signing_key_file(self) -> Path:
        """The private key of this machine's engine."""
        return self.engine.signing_key or self.state_dir / "engine" / "signing.key"

    @property
    def own_trust_file(self) -> Path:
        """The public keys of this machine's engine, where it has made its key itself."""
        return self.state_dir / "engine" / "trusted.toml"

    @property
    def logs_dir(self) -> Path:
        return self.state_dir / "logs"


def load(file: Path | None, env: Mapping[str, str], overrides: Mapping[str, Any]) -> Config:
    """The configuration in force. `overrides`: the command line, nested like the file. Raises `ConfigError`."""
    merged: dict[str, Any] = {}
    source, *above = sources(file, env)
    if file or source.exists():
        merged = read_toml(source)
    for each in above:
        merged = _merge({"engine": {"environment": each.stem}}, merged)
        merged = _merge(merged, read_toml(each))
    merged = _merge(_merge(merged, _from_env(env)), overrides)
    state_dir = str(merged.get("state_dir", Config.model_fields["state_dir"].default))
    merged = _placed(merged, {"{state_dir}": state_dir, "{config_dir}": str(source.parent)})
    return validated(Config, merged, str(source) if file or source.exists() else "configuration")


def sources(file: Path | None, env: Mapping[str, str]) -> list[Path]:
    """The files that the configuration is read from: its own, then that of the environment, where one is named."""
    source, name = file or DEFAULT_FILE, env.get(f"{PREFIX}ENV")
    return [source, source.parent / f"{name}.toml"] if name else [source]


def plugin_configs(
    section: str, given: Mapping[str, Mapping[str, Any]], specs: Mapping[str, CollectorSpec | ActuatorSpec]
) -> dict[str, PluginConfig]:
    """The configuration of each plugin, checked by its own model. Raises `ConfigError` with all mistakes."""
    configs: dict[str, PluginConfig] = {}
    errors: list[str] = []
    for name, values in given.items():
        if name not in specs:
            errors.append(f"{section}.{name}: no such plugin, expected one of {', '.join(specs) or 'none installed'}")
            continue
        try:
            configs[name] = validated(specs[name].config, values, f"{section}.{name}")
        except ConfigError as error:
            errors.append(str(error))
    if errors:
        raise ConfigError("\n".join(errors))
    return configs


_Model = TypeVar("_Model", bound=BaseModel)


def validated(model: type[_Model], values: Mapping[str, Any], place: str) -> _Model:
    """`values` as the model has them, or all their mistakes, each with `place`. Raises `ConfigError`."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = [": ".join(filter(None, (place, _where(found["loc"]), _what(found)))) for found in error.errors()]
        raise ConfigError("\n".join(lines)) from error


def _what(found: ErrorDetails) -> str:
    if found["type"] == "value_error":
        return str(found["ctx"]["error"])
    return "there is no such setting" if found["type"] == "extra_forbidden" else found["msg"]


def _where(loc: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in loc)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file. Raises `ConfigError`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def _from_env(env: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, text in env.items():
        path = name.removeprefix(PREFIX).lower().split("__")
        top = path[0]
        # Other REFLEXARC_ variables belong to credentials, commands and tests.
        if not name.startswith(PREFIX) or top not in Config.model_fields:
            continue
        value: Any = text
        for part in reversed(path):
            value = {part: value}
        values = _merge(values, value)
    return values


def _placed(value: Any, places: Mapping[str, str]) -> Any:
    """`value` with the places filled in, in all texts of it."""
    match value:
        case str():
            for name, place in places.items():
                value = value.replace(name, place)
            return value
        case list():
            return [_placed(item, places) for item in value]
        case dict():
            return {name: _placed(item, places) for name, item in value.items()}
        case _:
            return value


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` over `below`, table by table."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        nested = isinstance(value, Mapping) and isinstance(under, Mapping)
        merged[name] = _merge(under, value) if nested and isinstance(under, Mapping) else value
    return merged
