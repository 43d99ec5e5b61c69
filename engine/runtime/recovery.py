"""Where a starting engine goes on: the newest readable snapshot, and the audit that tells what is committed already."""

import hashlib
from dataclasses import dataclass

import msgspec
import structlog

from engine.core.snapshot import UnreadableSnapshotError, restore
from engine.core.state import State
from engine.runtime import objects
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import DigestMismatch
from engine.runtime.commit import Mark
from engine.runtime.lookup import last, scan
from schemas import subjects
from schemas.audit import GENESIS, AuditRecord
from schemas.codec import decode_audit

BUCKET = "snapshots"

log = structlog.get_logger()


class SnapshotHead(msgspec.Struct, frozen=True, kw_only=True):
    """What stands before the state in a snapshot object: `audit_seq` is the stream sequence of the newest audit record
    of a journal message up to `seq`.
    """

    shard: str
    seq: int
    audit_seq: int


def pack(head: SnapshotHead, state: bytes) -> bytes:
    """The bytes of a snapshot object."""
    encoded = msgspec.json.encode(head)
    return len(encoded).to_bytes(4, "big") + encoded + state


def unpack(data: bytes) -> tuple[SnapshotHead, bytes]:
    """The parts that `pack` joined. Raises `UnreadableSnapshotError`."""
    size = int.from_bytes(data[:4], "big")
    try:
        return msgspec.json.decode(data[4 : 4 + size], type=SnapshotHead), data[4 + size :]
    except msgspec.MsgspecError as error:
        raise UnreadableSnapshotError(str(error)) from error


def object_name(shard: str, seq: int) -> str:
    """Names sort by sequence."""
    return f"{shard}.{seq:020d}"


@dataclass(frozen=True)
class Recovered:
    """The state to go on with, the end of the audit chain, and the audit records since then, by journal sequence."""

    state: State
    mark: Mark
    recorded: dict[int, AuditRecord]


async def recover(bus: Bus, shard: str) -> Recovered:
    """Everything that a starting engine must know; from then on it replays the journal after `state.seq`."""
    head, state = await _newest_snapshot(bus, shard)
    recorded: dict[int, AuditRecord] = {}
    mark = Mark(seq=0, hash=GENESIS, stream_seq=0)
    subject = subjects.audit(shard)
    newest = await last(bus, subjects.AUDIT, subject)
    if newest is not None:
        record = decode_audit(newest.data)
        mark = Mark(seq=record.seq, hash=hashlib.sha256(newest.data).hexdigest(), stream_seq=newest.seq)
        if head.audit_seq < newest.seq:
            recorded = await _records(bus, subject, head.audit_seq + 1)
    log.info("recovered", snapshot=head.seq, committed=mark.seq, audit=mark.stream_seq)
    return Recovered(state, mark, recorded)


async def _newest_snapshot(bus: Bus, shard: str) -> tuple[SnapshotHead, State]:
    names = sorted(name for name in await objects.names(bus, BUCKET) if name.startswith(f"{shard}."))
    for name in reversed(names):
        try:
            data = await objects.get(bus, BUCKET, name)
            if data is not None:
                head, state = unpack(data)
                return head, restore(state)
        except (UnreadableSnapshotError, DigestMismatch) as error:
            log.warning("snapshot_unreadable", name=name, error=str(error))
    return SnapshotHead(shard=shard, seq=0, audit_seq=0), State()


async def _records(bus: Bus, subject: str, start_seq: int) -> dict[int, AuditRecord]:
    pages = scan(bus, subjects.AUDIT, subject, start_seq=start_seq)
    records = [decode_audit(received.data) async for page in pages for received in page]
    return {record.seq: record for record in records}
