"""The audit, read back: what was decided, as a list of entries with their journal message and time."""

import hashlib
from dataclasses import dataclass

from engine.runtime.bus import Bus
from engine.runtime.lookup import scan
from schemas import subjects
from schemas.audit import GENESIS, AuditEntry
from schemas.codec import decode_audit


@dataclass(frozen=True)
class Happening:
    """One audit entry with the journal sequence and time (Unix milliseconds) of its message."""

    seq: int
    time_ms: int
    entry: AuditEntry


class ChainBrokenError(Exception):
    """A record of the audit does not follow from the one before: it was altered, or one is missing."""


async def read_audit(bus: Bus, shard: str = "0") -> list[Happening]:
    """Every entry of a shard's audit, in order, the chain checked. Raises `ChainBrokenError`."""
    happenings: list[Happening] = []
    prev = GENESIS
    async for page in scan(bus, subjects.AUDIT, subjects.audit(shard)):
        for received in page:
            record = decode_audit(received.data)
            if record.prev != prev:
                raise ChainBrokenError(f"audit record {received.seq} (journal message {record.seq})")
            prev = hashlib.sha256(received.data).hexdigest()
            happenings += [Happening(record.seq, record.time_ms, entry) for entry in record.entries]
    return happenings
