"""The ledger: which actuator service has taken up which command, what it answered, and who may touch a target now.

Two kinds of keys. `claim.<command>` holds the claim and, in the end, the outcome; it is what makes a command delivered
twice one act. `lock.<lock>` holds the newest command that a target's lock has seen; it admits one command in flight and
refuses an older one after a newer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from engine.runtime import kv
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import Conflict
from schemas.commands import Command
from schemas.outcomes import Outcome
from schemas.reasons import Reason

BUCKET = "ledger"


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """`executor` in its `epoch` has taken up the command and renews until `lease_until_ms`, or has answered.

    It came as message `seq` of COMMANDS, under the fencing token `engine_epoch`; 0 in a claim that does not say.
    """

    executor: str
    epoch: int
    lease_until_ms: int
    outcome: Outcome | None = None
    seq: int = 0
    engine_epoch: int = 0


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """The newest command on a lock, ordered by the engine's epoch, then its cause in the journal, then index."""

    command: str
    engine_epoch: int
    cause: int
    index: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The claim is ours. `again`: somebody had it before, and may have had the effect."""

    revision: int
    again: bool


@dataclass(frozen=True, slots=True)
class Busy:
    """Another executor holds it and is alive; ask again after `wait_ms`."""

    wait_ms: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """It was answered when it came as message `seq`. No newer engine has sent it since: it is a copy."""

    seq: int


class Sent(NamedTuple):
    """How a command came: as which message of COMMANDS, under which fencing token."""

    seq: int
    epoch: int


class Claims:
    """The ledger as one executor uses it. `epoch` grows with each start of the executor, so that it can tell its own
    claims from before its death from those it holds now.
    """

    def __init__(self, bus: Bus, executor: str, epoch: int, now_ms: Callable[[], int]) -> None:
        self._bus = bus
        self._executor = executor
        self._epoch = epoch
        self._now_ms = now_ms

    async def take(self, command: Command, sent: Sent) -> Taken | Busy | Outcome | Replayed:
        """Claim the command: ours, somebody else's, or answered already, to this very message or to another."""
        key = _claim_key(command)
        while True:
            found = await kv.get(self._bus, BUCKET, key)
            if found is not None:
                claim = msgspec.json.decode(found.value, type=Claim)
                if claim.outcome is not None:
                    if answered := await self._answered(key, claim, found.revision, sent):
                        return answered
                    continue
                alive_ms = claim.lease_until_ms - self._now_ms()
                died = claim.executor == self._executor and claim.epoch < self._epoch
                if alive_ms > 0 and not died:
                    return Busy(alive_ms)
            try:
                revision = await self._write(command, sent, found.revision if found else 0)
            except Conflict:
                continue
            return Taken(revision, again=found is not None)

    async def _answered(self, key: str, claim: Claim, revision: int, sent: Sent) -> Outcome | Replayed | None:
        """What to say of a command that has its outcome; None when somebody else says it just now.

        An engine that takes over sends again what the one before may have sent, under its own epoch. Such a message is
        answered as the first one was, and is from then on the one that may be delivered again.
        """
        assert claim.outcome is not None
        if claim.seq in (0, sent.seq):
            return claim.outcome
        if sent.epoch <= claim.engine_epoch:
            return Replayed(claim.seq)
        newer = msgspec.structs.replace(claim, seq=sent.seq, engine_epoch=sent.epoch)
        try:
            await kv.update(self._bus, BUCKET, key, msgspec.json.encode(newer), revision=revision)
        except Conflict:
            return None
        return claim.outcome

    async def renew(self, command: Command, sent: Sent, revision: int) -> int:
        """Hold on for another `lease_ms`. Raises `Conflict` when the claim was taken from us."""
        return await self._write(command, sent, revision)

    async def answer(self, command: Command, sent: Sent, revision: int, outcome: Outcome) -> None:
        """Store the outcome for good. Raises `Conflict` when the claim was taken from us."""
        claim = Claim(
            executor=self._executor,
            epoch=self._epoch,
            lease_until_ms=0,
            outcome=outcome,
            seq=sent.seq,
            engine_epoch=sent.epoch,
        )
        await kv.update(self._bus, BUCKET, _claim_key(command), msgspec.json.encode(claim), revision=revision)

    async def enter(self, command: Command, engine_epoch: int) -> Literal[Reason.FENCED, Reason.SUPERSEDED] | None:
        """Put the command on its target's lock, unless a newer engine or a newer command was there before."""
        key = f"lock.{command.lock}"
        ours = Lock(command=command.id, engine_epoch=engine_epoch, cause=command.cause, index=command.index)
        while True:
            found = await kv.get(self._bus, BUCKET, key)
            if found is not None:
                newest = msgspec.json.decode(found.value, type=Lock)
                if newest.command == command.id:
                    return None
                if engine_epoch < newest.engine_epoch and ours.cause > newest.cause:
                    return Reason.FENCED
                if (ours.cause, ours.index) < (newest.cause, newest.index):
                    return Reason.SUPERSEDED
            try:
                revision = found.revision if found else 0
                await kv.update(self._bus, BUCKET, key, msgspec.json.encode(ours), revision=revision)
            except Conflict:
                continue
            return None

    async def _write(self, command: Command, sent: Sent, revision: int) -> int:
        claim = Claim(
            executor=self._executor,
            epoch=self._epoch,
            lease_until_ms=self._now_ms() + command.lease_ms,
            seq=sent.seq,
            engine_epoch=sent.epoch,
        )
        return await kv.update(self._bus, BUCKET, _claim_key(command), msgspec.json.encode(claim), revision=revision)


class Held:
    """A claim of ours, from its taking to its answer. It is written by one at a time, so that its revision is known.

    Whoever loses it gets `Conflict`, which ends the process: another executor has taken over.
    """

    def __init__(self, claims: Claims, command: Command, sent: Sent, revision: int, now_ms: Callable[[], int]) -> None:
        self._claims = claims
        self._command = command
        self._sent = sent
        self._revision = revision
        self._now_ms = now_ms
        self._renewed_ms = now_ms()
        self._writing = asyncio.Lock()

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        """Renew the claim while the body runs. A renewal that is under way at its end is waited for."""
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._renew_until(ended))
            yield
            ended.set()

    async def check(self) -> None:
        """Make sure that it is still ours: who was held up for long may find another executor in its place."""
        if self._now_ms() - self._renewed_ms > self._command.lease_ms / 2:
            await self._renew()

    async def answer(self, outcome: Outcome) -> None:
        """Store the outcome for good."""
        async with self._writing:
            await self._claims.answer(self._command, self._sent, self._revision, outcome)

    async def _renew_until(self, ended: asyncio.Event) -> None:
        while True:
            try:
                async with asyncio.timeout(self._command.lease_ms / 3000):
                    await ended.wait()
            except TimeoutError:
                await self._renew()
            else:
                return

    async def _renew(self) -> None:
        async with self._writing:
            renewed_ms = self._now_ms()
            self._revision = await self._claims.renew(self._command, self._sent, self._revision)
            self._renewed_ms = renewed_ms


def _claim_key(command: Command) -> str:
    return f"claim.{command.id}"
