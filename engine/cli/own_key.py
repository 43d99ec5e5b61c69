"""The key that this machine's engine makes for itself, and the file by which this machine's actuators learn of it.

The file of public keys is written before the key is used, so that nothing is ever signed with a key that no actuator
of this machine can know yet.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.cli.config import Config, ConfigError
from engine.cli.config_trust import TrustSection, toml_table
from engine.cli.trusting import own
from engine.runtime import keys
from engine.runtime.credentials import write_private
from engine.runtime.keys import KeyFileError, SigningKey
from schemas.signing import public_text

FORGOTTEN_AFTER = timedelta(days=1)
"""Past its end a public key is kept for so long, for people to see."""


def ensure(config: Config) -> SigningKey:
    """The key of this machine's engine: the configured one, or its own, made where there is none.

    Raises `ConfigError`.
    """
    path = config.signing_key_file
    try:
        if not (config.engine.signing_key or path.exists()):
            keys.create(path, keys.generate())
        key = keys.load(path)
        known = {} if config.engine.signing_key else dict(own(config.own_trust_file))
        if public_text(key.public) not in {section.key for section in known.values() if not section.not_after}:
            _write(config.own_trust_file, known | _entry(key))
    except KeyFileError as error:
        raise ConfigError(f"engine.signing_key: {error}") from error
    return key


def rotate(config: Config, *, keep: timedelta) -> tuple[SigningKey, SigningKey]:
    """Make a new key and use it from now on: the old one and the new. The old one stays trusted for `keep`.

    Raises `ConfigError`, also where the key is not this machine's own.
    """
    if config.engine.signing_key:
        raise ConfigError(
            "engine.signing_key is set: make a key with `reflexarc keys create`, let the actuators trust it"
        )
    old, new, now = ensure(config), keys.generate(), datetime.now(UTC).replace(microsecond=0)
    known = {
        name: section
        for name, section in own(config.own_trust_file).items()
        if section.not_after is None or section.not_after + FORGOTTEN_AFTER > now
    }
    _write(config.own_trust_file, known | _entry(new))
    write_private(config.signing_key_file, new.pem())
    # Last, so that whatever ends us in between, the key that is used has no end.
    _write(config.own_trust_file, known | _entry(old, now + keep) | _entry(new))
    return old, new


def entry_name(key: SigningKey) -> str:
    """What the key is called in an allow list, where nobody has called it anything."""
    return f"engine-{key.id}"


def _entry(key: SigningKey, not_after: datetime | None = None) -> dict[str, TrustSection]:
    return {entry_name(key): TrustSection(key=public_text(key.public), not_after=not_after)}


def _write(file: Path, sections: Mapping[str, TrustSection]) -> None:
    """Replace the file as a whole. It holds no secret."""
    text = "# Made by the engine of this machine: the keys that its actuators trust, where they trust no others.\n"
    text += "\n".join(["", *(toml_table(name, section) for name, section in sections.items())])
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as writing:
            writing.write(text)
            writing.flush()
            os.fsync(writing.fileno())
        fresh.replace(file)
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error
