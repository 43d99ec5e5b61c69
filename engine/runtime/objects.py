"""Object stores: content too large for a message, kept in chunks under a name, checked by its digest when read.

The layout is that of every NATS client (ADR-20), so that its tools can list and fetch what we keep.
"""

import base64
import hashlib
from collections.abc import Mapping

import msgspec

from engine.runtime import lookup
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import DigestMismatch

_CHUNK_BYTES = 512 * 1024
"""Four of what clients take by themselves: each is a message that the server syncs, and costs more than its bytes."""


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
    """Store `data` under `name`, in place of what was there. Readers see the old or the new, never a mixture.

    It is sent, and digested, chunk by chunk, so that whatever else the process does never waits for the whole.
    """
    replaced = await info(bus, bucket, name)
    nuid = bus.new_name()
    starts = range(0, len(data), _CHUNK_BYTES)
    digest = hashlib.sha256()
    for start in starts:
        chunk = data[start : start + _CHUNK_BYTES]
        digest.update(chunk)
        await bus.publish(_chunks_subject(bucket, nuid), chunk)
    stored = ObjectInfo(
        name=name, bucket=bucket, nuid=nuid, size=len(data), chunks=len(starts), digest=_printed(digest.digest())
    )
    await bus.publish(_meta_subject(bucket, name), msgspec.json.encode(stored), headers={"Nats-Rollup": "sub"})
    if replaced:
        await _purge(bus, bucket, _chunks_subject(bucket, replaced.nuid))
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
        pages = lookup.scan(bus, f"OBJ_{bucket}", _chunks_subject(bucket, found.nuid))
        data = b"".join([message.data async for page in pages for message in page])
        if _printed(hashlib.sha256(data).digest()) == found.digest:
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
        await _purge(bus, bucket, _chunks_subject(bucket, found.nuid))


async def names(bus: Bus, bucket: str) -> Mapping[str, ObjectInfo]:
    """All objects of the store by name, those stored last at the end."""
    infos = [
        _decode_info(message.data)
        async for page in lookup.scan(bus, f"OBJ_{bucket}", f"$O.{bucket}.M.>")
        for message in page
    ]
    return {found.name: found for found in infos if not found.deleted}


def _printed(sha256: bytes) -> str:
    return "SHA-256=" + base64.urlsafe_b64encode(sha256).decode()


def _meta_subject(bucket: str, name: str) -> str:
    return f"$O.{bucket}.M.{base64.urlsafe_b64encode(name.encode()).decode()}"


def _chunks_subject(bucket: str, nuid: str) -> str:
    return f"$O.{bucket}.C.{nuid}"


async def _purge(bus: Bus, bucket: str, subject: str) -> None:
    await bus.api(f"STREAM.PURGE.OBJ_{bucket}", {"filter": subject})
