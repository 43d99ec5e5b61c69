"""Programs by digest: what `activate` names, kept in the object store so that a replay runs the rules of its time."""

import hashlib

import msgspec

from engine.core.program import Program
from engine.runtime import objects
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import DigestMismatch

BUCKET = "bundles"


def encode(program: Program) -> tuple[str, bytes]:
    """The digest and the bytes of a program."""
    data = msgspec.json.encode(program)
    return hashlib.sha256(data).hexdigest(), data


async def store(bus: Bus, program: Program) -> str:
    """Keep the program; returns the digest to activate it by."""
    digest, data = encode(program)
    await objects.put(bus, BUCKET, digest, data)
    return digest


async def load(bus: Bus, digest: str) -> Program | None:
    """The program with this digest, None where there is none that could be read."""
    try:
        data = await objects.get(bus, BUCKET, digest)
        if data is None or hashlib.sha256(data).hexdigest() != digest:
            return None
        return msgspec.json.decode(data, type=Program)
    except (DigestMismatch, msgspec.MsgspecError):
        return None
