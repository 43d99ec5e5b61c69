"""Evidence as one file: a `tar.gz` of members and a manifest with their digests, the same bytes for the same members.

What is too long is cut, and the manifest says so: of records the first are kept, of a log its end.
"""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from schemas.outcomes import Evidence
from schemas.plugins import Effect

MANIFEST = "manifest.json"


class Member(msgspec.Struct, frozen=True):
    """One kind of evidence, of one process or log where there are several."""

    name: str
    content: bytes
    cut: bool = False


def records(name: str, found: Iterable[Mapping[str, Any]], limit_bytes: int) -> Member:
    """One JSON object a line, as many as there is room for."""
    lines: list[bytes] = []
    room = limit_bytes
    for record in found:
        line = msgspec.json.encode(record) + b"\n"
        room -= len(line)
        if room < 0:
            return Member(f"{name}.jsonl", b"".join(lines), cut=True)
        lines.append(line)
    return Member(f"{name}.jsonl", b"".join(lines))


def text(name: str, content: bytes, *, cut: bool) -> Member:
    """The end of a log; of one that was cut, from its first whole line on."""
    return Member(f"{name}.txt", content.partition(b"\n")[2] if cut else content, cut)


def pack(members: Iterable[Member], about: Mapping[str, Any], time_s: int) -> bytes:
    """The bundle. `about` is the rest of what the manifest says; `time_s` (Unix) is when the evidence was taken."""
    ordered = sorted(members, key=lambda member: member.name)
    listed = [
        {
            "name": member.name,
            "bytes": len(member.content),
            "sha256": hashlib.sha256(member.content).hexdigest(),
            "cut": member.cut,
        }
        for member in ordered
    ]
    manifest = msgspec.json.format(msgspec.json.encode({**about, "members": listed}))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member in (Member(MANIFEST, manifest), *ordered):
            entry = tarfile.TarInfo(member.name)
            entry.size, entry.mtime, entry.mode = len(member.content), time_s, 0o400
            archive.addfile(entry, io.BytesIO(member.content))
    return gzip.compress(packed.getvalue(), mtime=0)


def kept(evidence: Evidence, what: str = "kept", missing: Mapping[str, str] | None = None) -> Effect:
    """What was done by keeping the bundle: `what` is in it, and what is `missing`, with why."""
    detail = f"{what} in evidence {evidence.name}, {evidence.size} bytes, sha256 {evidence.sha256}"
    if missing:
        detail += f"; missing: {listed(missing)}"
    return Effect(before={}, after={}, detail=detail, evidence=evidence)


def listed(missing: Mapping[str, str]) -> str:
    """Kinds of evidence that there are none of, with why."""
    return ", ".join(f"{name} ({why})" for name, why in missing.items())
