"""The audit, read back: what was decided, as a list of entries with their journal message and time."""

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from engine.cli.failure import CommandFailedError
from engine.runtime.bus import Bus
from engine.runtime.journal import read
from engine.runtime.lookup import scan
from engine.runtime.received import Received
from schemas import subjects
from schemas.audit import GENESIS, AuditEntry
from schemas.codec import decode_audit


@dataclass(frozen=True)
class Happening:
    """One audit entry with the journal sequence and time of its message. `stored_ms` is when the audit stored it: what
    was commanded then is stored, too. Unix milliseconds.
    """

    seq: int
    time_ms: int
    stored_ms: int
    entry: AuditEntry


class ChainBrokenError(CommandFailedError):
    """A record of the audit does not follow from the one before: it was altered, or one is missing."""


async def read_audit(bus: Bus, shard: str = "0") -> list[Happening]:
    """Every entry of a shard's audit, in order, the chain checked. Raises `ChainBrokenError`."""
    happenings: list[Happening] = []
    prev = GENESIS
    async for page in scan(bus, subjects.AUDIT, subjects.audit(shard)):
        for received in page:
            record = decode_audit(received.data)
            if record.prev != prev:
                raise ChainBrokenError(
                    f"audit record {received.seq} (journal message {record.seq}) does not follow from the one before"
                )
            prev = hashlib.sha256(received.data).hexdigest()
            happenings += _happenings(received)
    return happenings


async def follow_audit(bus: Bus, start_seq: int) -> AsyncGenerator[Happening]:
    """Every entry from the audit record `start_seq` on, as it comes, for ever."""
    async for batch in read(bus, subjects.AUDIT, start_seq=start_seq):
        for received in batch:
            for happening in _happenings(received):
                yield happening


def _happenings(received: Received) -> list[Happening]:
    record = decode_audit(received.data)
    return [Happening(record.seq, record.time_ms, received.time_ms, entry) for entry in record.entries]
