"""`reflexarc evidence list`, `show`, `save`: what was collected, by the word of the audit.

The audit says which bundle an outcome brought, and its digest; a bundle that is another by now is shown to nobody.
"""

import argparse
import hashlib
import io
import os
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from engine.cli import show as shown
from engine.cli.config import Config
from engine.cli.connect import connected
from engine.cli.failure import CommandFailedError
from engine.cli.history import Happening, read_audit
from engine.runtime import evidence
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import DigestMismatch

MANIFEST = "manifest.json"


async def list_(args: argparse.Namespace, config: Config) -> None:
    """Every bundle that the audit knows of, and whether it is still there."""
    async with connected(config) as bus:
        kept = await evidence.kept(bus)
        found = [{**each, "kept": each["name"] in kept} for each in collected(await read_audit(bus))]
    if args.json:
        shown.as_json(found)
        return
    if not found:
        print("no evidence yet")
        return
    rows = [
        (
            shown.clock(each["time_ms"]),
            each["target"],
            each["rule"],
            each["size"] if each["kept"] else "gone",
            each["name"][:12],
        )
        for each in found
    ]
    shown.table(("TIME", "OF", "FOR", "BYTES", "ID"), rows)


async def show(args: argparse.Namespace, config: Config) -> None:
    """What is in a bundle."""
    about, content = await _fetched(args.id, config)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        member = archive.extractfile(MANIFEST)
        assert member is not None, "a bundle begins with its manifest"
        manifest = msgspec.json.decode(member.read())
    if args.json:
        shown.as_json({**about, "manifest": manifest})
        return
    print(f"{about['name']}, {about['size']} bytes, sha256 {about['sha256']}, as the audit says")
    summary = shown.visible(manifest["summary"])
    print(f"{manifest['target']} on {manifest['scope']} at {shown.clock(manifest['taken_ms'])}: {summary}")
    rows = [(each["name"], each["bytes"], "cut" if each["cut"] else "") for each in manifest["members"]]
    shown.table(("MEMBER", "BYTES", ""), rows)
    for name, why in manifest["missing"].items():
        print(shown.visible(f"missing: {name}: {why}"))


async def save(args: argparse.Namespace, config: Config) -> None:
    """Write a bundle to a file that is not there yet, for its owner to read."""
    about, content = await _fetched(args.id, config)
    path = args.to or Path(f"evidence-{about['name'][:12]}.tar.gz")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CommandFailedError(f"{path}: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    print(f"{path}: {about['size']} bytes, sha256 {about['sha256']}, as the audit says")


def collected(audit: Iterable[Happening]) -> list[dict[str, Any]]:
    """Every bundle that an outcome brought, with what it was collected for, oldest first."""
    rules: dict[str, str] = {}
    found: dict[str, dict[str, Any]] = {}
    for happening in audit:
        entry = happening.entry
        if entry.kind == "command":
            rules[entry.command] = entry.rule
        elif entry.evidence and entry.command in rules:
            found[entry.evidence.name] = {
                **msgspec.to_builtins(entry.evidence),
                "time_ms": happening.time_ms,
                "target": entry.target,
                "rule": rules[entry.command],
                "command": entry.command,
                "by": entry.by,
            }
    return list(found.values())


async def _fetched(prefix: str, config: Config) -> tuple[dict[str, Any], bytes]:
    """The one bundle whose name begins so, as the audit knows it, and its content."""
    async with connected(config) as bus:
        known = [each for each in collected(await read_audit(bus)) if each["name"].startswith(prefix)]
        if len(known) != 1:
            raise CommandFailedError(f"{len(known)} bundles of evidence begin with {prefix!r}: see `evidence list`")
        (about,) = known
        return about, await _checked(bus, about["name"], about["sha256"])


async def _checked(bus: Bus, name: str, sha256: str) -> bytes:
    try:
        content = await evidence.fetch(bus, name)
    except DigestMismatch as error:
        raise CommandFailedError(str(error)) from error
    if content is None:
        raise CommandFailedError(f"the audit knows of evidence {name}, but it is no longer kept")
    if hashlib.sha256(content).hexdigest() != sha256:
        raise CommandFailedError(f"evidence {name} is not what the audit says: it was replaced")
    return content
