"""`reflexarc keys`: the key that an engine signs with, its public half, and whom this machine's actuators trust."""

import argparse
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine.cli import own_key, show
from engine.cli.config import Config, ConfigError
from engine.cli.config_trust import TrustSection, toml_table
from engine.cli.failure import CommandFailedError
from engine.cli.trusting import trust_of, trusted
from engine.runtime import keys
from engine.runtime.keys import KeyFileError, SigningKey
from schemas.durations import duration_ms
from schemas.signing import public_text


async def create(args: argparse.Namespace, config: Config) -> None:
    """Write a new private key, and say what the actuators are to be told."""
    key = keys.generate()
    try:
        keys.create(args.file, key)
    except KeyFileError as error:
        raise CommandFailedError(str(error)) from error
    print(f"{args.file}: the private key {key.id}, for [engine] signing_key; nobody else may read it\n")
    _introduce(key, args.name)


async def show_(args: argparse.Namespace, config: Config) -> None:
    """The public half of a private key, by default of that which this machine's engine signs with."""
    path: Path = args.file or config.signing_key_file
    try:
        key = keys.load(path)
    except KeyFileError as error:
        made = (
            "" if path.exists() else "; the engine makes it when it starts first, or `reflexarc keys create FILE` does"
        )
        raise CommandFailedError(f"{error}{made}") from error
    if args.json:
        show.as_json({"file": str(path), "id": key.id, "key": public_text(key.public)})
        return
    print(f"{path}: the private key {key.id}\n")
    _introduce(key, args.name)


async def list_(args: argparse.Namespace, config: Config) -> None:
    """The keys that this machine's actuators trust, and what each may do."""
    found = [_listed(key_id, each) for key_id, each in trusted(trust_of(config)).items()]
    if args.json:
        show.as_json(found)
        return
    if not found:
        print("nobody is trusted: every command is refused")
        return
    rows = [
        (each["name"], each["id"], each["state"], *(" ".join(each[what]) for what in ("verbs", "targets", "scopes")))
        for each in found
    ]
    show.table(("NAME", "KEY", "STATE", "VERBS", "TARGETS", "SCOPES"), rows)


async def rotate(args: argparse.Namespace, config: Config) -> None:
    """Have this machine's engine sign with a new key from now on, without stopping anything."""
    try:
        keep = timedelta(milliseconds=duration_ms(args.keep))
    except ValueError as error:
        raise ConfigError(f"--keep: {error}") from error
    old, new = own_key.rotate(config, keep=keep)
    print(f"{config.signing_key_file}: now the key {new.id}; {old.id} is trusted for another {args.keep}")


def _introduce(key: SigningKey, name: str | None) -> None:
    section = TrustSection(key=public_text(key.public))
    print("For the actuators that shall take its commands, in reflexarc.toml:\n")
    print(toml_table(name or own_key.entry_name(key), section, above="actuator.trust."), end="")


def _listed(key_id: str, each: Any) -> dict[str, Any]:
    now_ms = time.time_ns() // 1_000_000
    early = each.not_before_ms is not None and now_ms < each.not_before_ms
    return {
        "name": each.name,
        "id": key_id,
        "state": "valid" if each.valid_at(now_ms) else "not yet valid" if early else "no longer valid",
        "verbs": each.verbs,
        "targets": each.targets,
        "scopes": each.scopes,
        "not_before_ms": each.not_before_ms,
        "not_after_ms": each.not_after_ms,
    }
