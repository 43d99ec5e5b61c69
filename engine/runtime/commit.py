"""Effects to the bus, exactly once: COMMANDS and ALERTS first, then the AUDIT record as the commit mark.

An alert carries an id made of shard, journal sequence and index, a command its own with its signature, so what is
published twice is stored once; where it is not, after a crash, the command's id is what makes it one act. Commits of
consecutive messages overlap, but their audit records are written one after the other: the chain has one writer, and the
expected sequence on each record stops a second one.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import structlog

from engine.core.effects import Effect, Rejected
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import TooLarge
from engine.runtime.keys import KeyFile
from engine.runtime.metrics import DECISIONS
from schemas import subjects
from schemas.alerts import AlertTransition
from schemas.audit import AuditEntry, AuditRecord
from schemas.codec import encode
from schemas.commands import HEADER_CAUSE, HEADER_ENGINE, HEADER_EPOCH, HEADER_SIGNATURE, Command
from schemas.reasons import Reason

log = structlog.get_logger()

MAX_IN_FLIGHT = 256
MOST_DIVERGED = 20
MOST_ENTRIES = 1000
MOST_DETAIL = 256
"""Kept of a record that is larger than the server accepts: entries, and characters of their details."""

Pending = tuple[AuditRecord, list[asyncio.Task[None]]]
"""An audit record, and the publications that must be stored before it."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The end of the audit chain: the newest committed journal sequence, its record's hash and stream sequence."""

    seq: int
    hash: str
    stream_seq: int


class Committer:
    """Publishes the effects of journal messages in order. `run` must be running for `commit` to make progress."""

    def __init__(
        self,
        bus: Bus,
        *,
        shard: str,
        engine: str,
        epoch: int,
        key: KeyFile,
        mark: Mark,
        recorded: Mapping[int, AuditRecord],
    ) -> None:
        self._bus = bus
        self._shard = shard
        self._engine = engine
        self._epoch = epoch
        self._key = key
        self._recorded = recorded
        self._diverged: list[AuditEntry] = []
        self._queue: asyncio.Queue[Pending | asyncio.Event] = asyncio.Queue(MAX_IN_FLIGHT)
        self._first = mark.seq
        self.mark = mark

    async def commit(self, seq: int, time_ms: int, effects: Sequence[Effect]) -> None:
        """Publish what follows from the journal message `seq`. What the audit already holds is only compared."""
        entries = [effect for effect in effects if isinstance(effect, AuditEntry)]
        if seq <= self._first:
            self._compare(seq, entries)
            return
        sent = [
            asyncio.create_task(self._send(seq, index, effect))
            for index, effect in enumerate(effects)
            if not isinstance(effect, AuditEntry | Rejected)
        ]
        entries += self._diverged
        self._diverged = []
        if entries:
            record = AuditRecord(
                shard=self._shard,
                seq=seq,
                time_ms=time_ms,
                engine=self._engine,
                epoch=self._epoch,
                prev="",
                entries=tuple(entries),
            )
            await self._queue.put((record, sent))

    async def run(self) -> None:
        """Write audit records in order, each after what it records was stored."""
        while True:
            match await self._queue.get():
                case asyncio.Event() as reached:
                    reached.set()
                case (record, sent):
                    await asyncio.gather(*sent)
                    await self._write(record)

    async def committed(self) -> None:
        """Wait until everything handed over so far is committed."""
        reached = asyncio.Event()
        await self._queue.put(reached)
        await reached.wait()

    async def _write(self, record: AuditRecord) -> None:
        try:
            await self._append(record)
        except TooLarge:
            await self._append(_cut(record))

    async def _append(self, record: AuditRecord) -> None:
        data = encode(msgspec.structs.replace(record, prev=self.mark.hash))
        ack = await self._bus.publish(
            subjects.audit(self._shard),
            data,
            msg_id=f"audit.{self._shard}.{record.seq}",
            expect_last_subject_seq=self.mark.stream_seq,
        )
        self.mark = Mark(seq=record.seq, hash=hashlib.sha256(data).hexdigest(), stream_seq=ack.seq)

    async def _send(self, seq: int, index: int, effect: Command | AlertTransition) -> None:
        headers = {
            HEADER_ENGINE: self._engine,
            HEADER_EPOCH: str(self._epoch),
            HEADER_CAUSE: f"{self._shard}.{seq}.{index}",
        }
        data = encode(effect)
        if isinstance(effect, Command):
            subject = subjects.commands(effect.actuator, effect.scope, effect.verb)
            signed = self._key.current().headers(subject, headers, data)
            # Whoever may publish could take an id that can be guessed, and ours would be dropped as the repetition.
            return await self._publish(subject, data, f"{effect.id}.{signed[HEADER_SIGNATURE]}", signed)
        subject = subjects.alerts(effect.labels.get("severity", "none"), effect.alertname)
        return await self._publish(subject, data, f"alert.{self._shard}.{seq}.{index}", headers)

    async def _publish(self, subject: str, data: bytes, msg_id: str, headers: Mapping[str, str]) -> None:
        try:
            await self._bus.publish(subject, data, msg_id=msg_id, headers=headers)
        except TooLarge as error:  # it is on record, and one message must not stop all that come after it
            log.error("effect_too_large", subject=subject, error=str(error))

    def _compare(self, seq: int, entries: list[AuditEntry]) -> None:
        """A replay: the record stands, and a difference is reported with the next record."""
        record = self._recorded.get(seq)
        written = record.entries if record else ()
        recorded = [entry for entry in written if entry.reason is not Reason.REPLAY_DIVERGED]
        if recorded and recorded[-1].reason is Reason.RECORD_CUT:
            recorded, entries = recorded[:-1], list(_shortened(entries))
        if recorded != entries:
            DECISIONS.labels(reason=Reason.REPLAY_DIVERGED).inc()
            log.error("replay_diverged", seq=seq, recorded=len(recorded), decided=len(entries))
            detail = f"journal message {seq}: recorded {_names(recorded)}, decided {_names(entries)}"
            if len(self._diverged) < MOST_DIVERGED:  # the log has them all
                self._diverged.append(AuditEntry(kind="decision", reason=Reason.REPLAY_DIVERGED, detail=detail))


def _cut(record: AuditRecord) -> AuditRecord:
    """More was decided at once than one record holds: the beginning, and how much more there was."""
    cut = AuditEntry(kind="decision", reason=Reason.RECORD_CUT, detail=f"of {len(record.entries)} entries")
    return msgspec.structs.replace(record, entries=(*_shortened(record.entries), cut))


def _shortened(entries: Sequence[AuditEntry]) -> Iterator[AuditEntry]:
    """As many entries, and as much of their details, as a record always has room for."""
    return (msgspec.structs.replace(entry, detail=entry.detail[:MOST_DETAIL]) for entry in entries[:MOST_ENTRIES])


def _names(entries: Sequence[AuditEntry]) -> str:
    return (
        ", ".join(f"{entry.kind} {entry.reason or entry.verb} {entry.command}".strip() for entry in entries)
        or "nothing"
    )
