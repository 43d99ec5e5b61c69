"""Whom the actuators of this machine trust, as it is written now: an edit counts as soon as it is saved."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from engine.cli.config import Config, ConfigError, read_toml, validated
from engine.cli.config_trust import TrustSection
from engine.runtime.trust import AllowList, Trusted, allow_list

log = structlog.get_logger()

Sections = Mapping[str, TrustSection]


def trust_of(config: Config) -> Sections:
    """The allow list of the configuration, or else that of this machine's own engine. Raises `ConfigError`."""
    return config.actuator.trust or own(config.own_trust_file)


def own(file: Path) -> Sections:
    """What this machine's engine says of its keys; nothing where it has said nothing yet. Raises `ConfigError`."""
    try:
        if not file.exists():
            return {}
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}: name the trusted engines in [actuator.trust]") from error
    tables: Mapping[str, Any] = read_toml(file)
    return {name: validated(TrustSection, table, f"{file}: {name}") for name, table in tables.items()}


def trusted(sections: Sections) -> AllowList:
    """As the actuator uses it."""
    return allow_list(
        Trusted(
            name=name,
            public=section.public,
            verbs=tuple(section.verbs),
            targets=tuple(section.targets),
            scopes=tuple(section.scopes),
            not_before_ms=_ms(section.not_before),
            not_after_ms=_ms(section.not_after),
        )
        for name, section in sections.items()
    )


def _ms(time: Any) -> int | None:
    return round(time.timestamp() * 1000) if time else None


class LiveTrust:
    """The allow list, read again when one of `files` has changed. What cannot be read leaves it as it was."""

    def __init__(self, files: Sequence[Path], read: Callable[[], Sections]) -> None:
        """Raises `ConfigError`."""
        self._files = files
        self._read = read
        self._seen = self._look()
        self._list = trusted(read())
        self._tell()

    def __call__(self) -> AllowList:
        seen = self._look()
        if seen != self._seen:
            self._seen = seen
            try:
                self._list = trusted(self._read())
                self._tell()
            except ConfigError as error:
                log.error("trust_refused", errors=str(error).splitlines(), still=sorted(self._list))
        return self._list

    def _tell(self) -> None:
        if self._list:
            log.info("trust", keys={key: each.name for key, each in self._list.items()})
        else:
            log.warning("nobody_trusted", remedy="every command is refused: see [actuator.trust] and `reflexarc keys`")

    def _look(self) -> list[tuple[int, ...]]:
        return [_identity(file) for file in self._files]


def _identity(file: Path) -> tuple[int, ...]:
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns
