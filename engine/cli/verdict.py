"""What the engine makes of a message of a person: all that the audit says of it, as soon as it does."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from engine.cli.failure import CommandFailedError
from engine.runtime.bus import Bus
from engine.runtime.journal import read
from engine.runtime.lookup import stream_state
from schemas import subjects
from schemas.audit import AuditEntry
from schemas.codec import decode_audit, encode
from schemas.control import Abort, Approve, Emergency
from schemas.reasons import MEANING

DECIDED_WITHIN_S = 5.0
"""An engine that lives decides at once."""


async def told(bus: Bus, verb: str, request: Approve | Abort | Emergency) -> Sequence[AuditEntry]:
    """Say it to the engine; what it decided then, its own record of the message left out.

    Raises `CommandFailedError` where nobody decides on it.
    """
    next_seq = (await stream_state(bus, subjects.AUDIT)).last_seq + 1
    stored = await bus.publish(subjects.control(verb, request.by), encode(request), msg_id=request.id)
    try:
        async with asyncio.timeout(DECIDED_WITHIN_S):
            entries = await _record_of(bus, stored.seq, next_seq)
    except TimeoutError:
        raise CommandFailedError("no engine has decided on it yet; the message waits in the journal") from None
    return [entry for entry in entries if entry.kind != "control"]


def refusal(entry: AuditEntry) -> str:
    """A refusal in words, with what it is about."""
    assert entry.reason
    return f"{entry.reason}: {MEANING[entry.reason]}" + (f": {entry.detail}" if entry.detail else "")


async def _record_of(bus: Bus, seq: int, next_seq: int) -> Sequence[AuditEntry]:
    """What the audit, from its record `next_seq` on, says of journal message `seq`."""
    async with aclosing(read(bus, subjects.AUDIT, start_seq=next_seq)) as batches:
        async for batch in batches:
            for record in (decode_audit(received.data) for received in batch):
                if record.seq == seq:
                    return record.entries
    raise AssertionError("a stream is read for ever")
