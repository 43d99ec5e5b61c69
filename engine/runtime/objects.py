"""Object stores: content too large for a message, kept in chunks under a name, checked by its digest when read.

The layout is that of every NATS client (ADR-20), so that its tools can list and fetch what we keep.
"""

import base64
import hashlib
from collections.abc import Mapping

import msgspec

from engine.runtime import lookup
from engine.runtime.bus import Bus, Message
from engine.runtime.bus_errors import DigestMismatch

_CHUNK_BYTES = 128 * 1024
_WINDOW = 4
"""Chunks sent ahead of their acknowledgement. More would make every other message of the connection wait."""


class ObjectInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an object. `size` in bytes; `digest` is `SHA-256=` and the digest in URL-safe base64."""

    name: str
    bucket: str
    nuid: str
    size: int
    chunks: int
    digest: str
    deleted: bool = False


_decode_info = msgspec.json.Decoder(ObjectInfo).decode


async def put(bus: Bus, bucket: str, name: str, data: bytes) -> ObjectInfo:
    """Store `data` under `name`, in place of what was there. Readers see the old or the new, never a mixture."""
    replaced = await info(bus, bucket, name)
    chunks = [data[start : start + _CHUNK_BYTES] for start in range(0, len(data), _CHUNK_BYTES)]
    stored = ObjectInfo(
        name=name, bucket=bucket, nuid=bus.new_name(), size=len(data), chunks=len(chunks), digest=_digest(data)
    )
    subject = _chunks_subject(stored)
    for start in range(0, len(chunks), _WINDOW):
        await bus.publish_many([Message(subject, chunk) for chunk in chunks[start : start + _WINDOW]])
    await bus.publish(_meta_subject(bucket, name), msgspec.json.encode(stored), headers={"Nats-Rollup": "sub"})
    if replaced:
        await _purge(bus, bucket, _chunks_subject(replaced))
    return stored


async def info(bus: Bus, bucket: str, name: str) -> ObjectInfo | None:
    """What is known of the object, None when there is none."""
    message = await lookup.last(bus, f"OBJ_{bucket}", _meta_subject(bucket, name))
    found = _decode_info(message.data) if message else None
    return None if found is None or found.deleted else found


async def get(bus: Bus, bucket: str, name: str) -> bytes | None:
    """The content, None when there is none. Raises `DigestMismatch` when it is not what was stored."""
    found = await info(bus, bucket, name)
    while found:
        pages = lookup.scan(bus, f"OBJ_{bucket}", _chunks_subject(found))
        data = b"".join([message.data async for page in pages for message in page])
        if _digest(data) == found.digest:
            return data
        # Replaced or deleted while we read, or broken: only its description can tell.
        previous, found = found, await info(bus, bucket, name)
        if found == previous:
            raise DigestMismatch(f"object {name!r} of {bucket!r}: its content is not what was stored")
    return None


async def delete(bus: Bus, bucket: str, name: str) -> None:
    """Remove the object. One that does not exist is as good as removed."""
    found = await info(bus, bucket, name)
    if found:
        await _purge(bus, bucket, _meta_subject(bucket, name))
        await _purge(bus, bucket, _chunks_subject(found))


async def names(bus: Bus, bucket: str) -> Mapping[str, ObjectInfo]:
    """All objects of the store by name, those stored last at the end."""
    infos = [
        _decode_info(message.data)
        async for page in lookup.scan(bus, f"OBJ_{bucket}", f"$O.{bucket}.M.>")
        for message in page
    ]
    return {found.name: found for found in infos if not found.deleted}


def _digest(data: bytes) -> str:
    return "SHA-256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()


def _meta_subject(bucket: str, name: str) -> str:
    return f"$O.{bucket}.M.{base64.urlsafe_b64encode(name.encode()).decode()}"


def _chunks_subject(stored: ObjectInfo) -> str:
    return f"$O.{stored.bucket}.C.{stored.nuid}"


async def _purge(bus: Bus, bucket: str, subject: str) -> None:
    await bus.api(f"STREAM.PURGE.OBJ_{bucket}", {"filter": subject})
