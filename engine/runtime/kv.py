"""Key-value buckets, with compare-and-set. A bucket is a view: what decisions depend on is in the journal.

Keys are any text. In the bucket a key is one token, `=XX` for what a key of other NATS clients may not hold.
"""

from typing import NamedTuple

from engine.runtime import lookup
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import Conflict, WrongLastSequence
from engine.runtime.received import Received
from schemas.subjects import token, untoken

_OPERATION = "KV-Operation"
_DELETED = "DEL"


class Entry(NamedTuple):
    """A value and the revision to name when changing it."""

    value: bytes
    revision: int


async def get(bus: Bus, bucket: str, key: str) -> Entry | None:
    """The newest value, None when there is none. Of several replicas any may answer; `update` is what is certain."""
    message = await lookup.last(bus, f"KV_{bucket}", _subject(bucket, key))
    return None if message is None or _is_deleted(message) else Entry(message.data, message.seq)


async def put(bus: Bus, bucket: str, key: str, value: bytes) -> int:
    """Set the value, whatever it was; its revision."""
    return (await bus.publish(_subject(bucket, key), value)).seq


async def create(bus: Bus, bucket: str, key: str, value: bytes) -> int:
    """Set the value if there is none; its revision. Raises `Conflict`."""
    try:
        return await update(bus, bucket, key, value, revision=0)
    except Conflict:
        deleted = await lookup.last(bus, f"KV_{bucket}", _subject(bucket, key))
        if deleted is None or not _is_deleted(deleted):
            raise
    return await update(bus, bucket, key, value, revision=deleted.seq)


async def update(bus: Bus, bucket: str, key: str, value: bytes, *, revision: int) -> int:
    """Set the value if its revision is still this one; its new revision. Raises `Conflict`."""
    try:
        return (await bus.publish(_subject(bucket, key), value, expect_last_subject_seq=revision)).seq
    except WrongLastSequence as error:
        raise Conflict(bucket, key) from error


async def delete(bus: Bus, bucket: str, key: str, *, revision: int | None = None) -> None:
    """Remove the value, if its revision is still this one where one is given. Raises `Conflict`."""
    try:
        await bus.publish(_subject(bucket, key), b"", headers={_OPERATION: _DELETED}, expect_last_subject_seq=revision)
    except WrongLastSequence as error:
        raise Conflict(bucket, key) from error


async def entries(bus: Bus, bucket: str) -> dict[str, Entry]:
    """All keys with their values, in the order in which they were last written."""
    subject = f"$KV.{bucket}.>"
    return {
        _key(message.subject): Entry(message.data, message.seq)
        async for page in lookup.scan(bus, f"KV_{bucket}", subject)
        for message in page
        if not _is_deleted(message)
    }


async def keys(bus: Bus, bucket: str) -> list[str]:
    """All keys that have a value."""
    return list(await entries(bus, bucket))


def _subject(bucket: str, key: str) -> str:
    return f"$KV.{bucket}.{token(key).replace('%', '=')}"


def _key(subject: str) -> str:
    return untoken(subject.rpartition(".")[2].replace("=", "%"))


def _is_deleted(message: Received) -> bool:
    return _OPERATION in message.headers
