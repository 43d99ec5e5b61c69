"""Effects reach the bus once, in order, under a chain with one writer, whenever the engine before died."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from engine.core.effects import Effect, Rejected
from engine.runtime import keys
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import WrongLastSequence
from engine.runtime.commit import Committer, Mark
from engine.runtime.keys import KeyFile
from engine.runtime.publishing import new_id
from engine.runtime.recovery import recover
from schemas import subjects
from schemas.alerts import AlertTransition
from schemas.audit import GENESIS, AuditEntry, AuditRecord
from schemas.codec import decode_audit
from schemas.commands import HEADER_CAUSE, HEADER_ENGINE, HEADER_EPOCH, Command
from schemas.reasons import Reason
from tests.runtime.probe import NAME, command
from tests.runtime.roles import KEY, stored

START = Mark(seq=0, hash=GENESIS, stream_seq=0)
TIME_MS = 1_700_000_000_000


@pytest.fixture
def shard() -> str:
    """A shard that no other test has, with an alert name and a scope of the same name."""
    return f"shard-{new_id()}"


def alert(shard: str) -> AlertTransition:
    return AlertTransition(
        id="a",
        alertname=shard,
        state="firing",
        labels={"severity": "page"},
        annotations={},
        value="1",
        rule="r",
        onset=1,
        active_at_ms=TIME_MS,
        time_ms=TIME_MS,
    )


def entry_of(sent: Command) -> AuditEntry:
    return AuditEntry(kind="command", command=sent.id, verb=sent.verb)


@asynccontextmanager
async def committer(
    bus: Bus, shard: str, *, mark: Mark = START, recorded: Mapping[int, AuditRecord] | None = None, epoch: int = 1
) -> AsyncIterator[Committer]:
    """A running committer that has committed everything when the body ends."""
    with tempfile.TemporaryDirectory() as folder:
        keys.create(Path(folder) / "signing.key", KEY)
        key = KeyFile(Path(folder) / "signing.key")
    committer = Committer(bus, shard=shard, engine="e1", epoch=epoch, key=key, mark=mark, recorded=recorded or {})
    running = asyncio.create_task(committer.run())
    try:
        yield committer
        await asyncio.wait([running, asyncio.create_task(committer.committed())], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    finally:
        running.cancel()
        await asyncio.wait([running])


async def audit(bus: Bus, shard: str) -> list[AuditRecord]:
    return [decode_audit(found.data) for found in await stored(bus, subjects.AUDIT, subjects.audit(shard))]


def commands_of(shard: str) -> str:
    return subjects.all_commands(NAME, shard)


async def test_every_effect_says_who_caused_it(bus: Bus, shard: str) -> None:
    """Commands and alerts carry the engine, its epoch and their place: shard, journal sequence and index."""
    sent = command(shard)
    async with committer(bus, shard, epoch=3) as commit:
        await commit.commit(7, TIME_MS, [alert(shard), entry_of(sent), sent])
    (stored_alert,) = await stored(bus, subjects.ALERTS, subjects.alerts("page", shard))
    (stored_command,) = await stored(bus, subjects.COMMANDS, commands_of(shard))
    for found, index in ((stored_alert, 0), (stored_command, 2)):
        said = {name: found.headers[name] for name in (HEADER_ENGINE, HEADER_EPOCH, HEADER_CAUSE)}
        assert said == {HEADER_ENGINE: "e1", HEADER_EPOCH: "3", HEADER_CAUSE: f"{shard}.7.{index}"}
    assert msgspec.json.decode(stored_command.data, type=Command) == sent


async def test_the_audit_is_one_chain_across_engines(bus: Bus, shard: str) -> None:
    """Each record holds the hash of the one before, also where the next engine goes on."""
    for seq in (1, 3):
        recovered = await recover(bus, shard)
        async with committer(bus, shard, mark=recovered.mark) as commit:
            for next_seq in (seq, seq + 1):
                await commit.commit(next_seq, TIME_MS, [AuditEntry(kind="control", verb=str(next_seq))])
    chain = await stored(bus, subjects.AUDIT, subjects.audit(shard))
    hashes = [GENESIS, *(hashlib.sha256(record.data).hexdigest() for record in chain)]
    assert [decode_audit(record.data).prev for record in chain] == hashes[:-1]
    assert [record.seq for record in await audit(bus, shard)] == [1, 2, 3, 4]


async def test_what_has_no_effects_leaves_no_record(bus: Bus, shard: str) -> None:
    """A message from which nothing follows, or that was rejected, costs the audit nothing."""
    async with committer(bus, shard) as commit:
        await commit.commit(1, TIME_MS, [])
        await commit.commit(2, TIME_MS, [Rejected("unreadable")])
    assert await audit(bus, shard) == []


async def test_what_is_committed_is_not_published_again(bus: Bus, shard: str) -> None:
    """A replay up to the mark publishes nothing; the first message after it is published."""
    old, new = command(shard, cause=5), command(shard, cause=6)
    async with committer(bus, shard) as commit:
        await commit.commit(5, TIME_MS, [entry_of(old)])
    recovered = await recover(bus, shard)
    async with committer(bus, shard, mark=recovered.mark, recorded=recovered.recorded) as commit:
        for seq, sent in ((5, old), (6, new)):
            await commit.commit(seq, TIME_MS, [sent, entry_of(sent)])
    (stored_command,) = await stored(bus, subjects.COMMANDS, commands_of(shard))
    assert msgspec.json.decode(stored_command.data, type=Command) == new
    assert [record.entries for record in await audit(bus, shard)] == [(entry_of(old),), (entry_of(new),)]


async def test_effects_without_their_record_are_completed_once(bus: Bus, shard: str) -> None:
    """An engine died between its first command and the record: the next publishes what is missing.

    The first command it sends again under its own fencing token, as the one before may no longer count for anything.
    """
    first, second = command(shard, cause=1), command(shard, cause=2)
    async with committer(bus, shard) as died:
        await died.commit(9, TIME_MS, [first])
    recovered = await recover(bus, shard)
    effects: Sequence[Effect] = [first, entry_of(first), second, entry_of(second)]
    async with committer(bus, shard, mark=recovered.mark, recorded=recovered.recorded, epoch=2) as commit:
        await commit.commit(9, TIME_MS, effects)
    found = await stored(bus, subjects.COMMANDS, commands_of(shard))
    sent = [(each.headers[HEADER_EPOCH], msgspec.json.decode(each.data, type=Command)) for each in found]
    assert sent == [("1", first), ("2", first), ("2", second)]
    (record,) = await audit(bus, shard)
    assert (record.seq, record.entries) == (9, (entry_of(first), entry_of(second)))


@pytest.mark.parametrize("decided", [[], [AuditEntry(kind="control", verb="other")]])
async def test_a_replay_that_decides_otherwise_is_reported_and_the_record_stands(
    bus: Bus, shard: str, decided: list[Effect]
) -> None:
    """The difference goes into the next record; what was recorded stays, and nothing is published for it."""
    was, now = AuditEntry(kind="control", verb="was"), AuditEntry(kind="control", verb="now")
    async with committer(bus, shard) as commit:
        await commit.commit(5, TIME_MS, [was])
    recovered = await recover(bus, shard)
    async with committer(bus, shard, mark=recovered.mark, recorded=recovered.recorded) as commit:
        await commit.commit(5, TIME_MS, [*decided, command(shard)] if decided else [])
        await commit.commit(6, TIME_MS, [now])
    record, following = await audit(bus, shard)
    assert record.entries == (was,)
    assert following.entries[0] == now
    assert following.entries[1].reason is Reason.REPLAY_DIVERGED
    assert "journal message 5" in following.entries[1].detail
    assert await stored(bus, subjects.COMMANDS, commands_of(shard)) == []


async def test_a_replay_that_decides_where_nothing_is_recorded_is_reported(bus: Bus, shard: str) -> None:
    """A decision about a message before the first record is a divergence like any other."""
    entry = AuditEntry(kind="control", verb="x")
    async with committer(bus, shard) as commit:
        await commit.commit(5, TIME_MS, [entry])
    recovered = await recover(bus, shard)
    async with committer(bus, shard, mark=recovered.mark, recorded=recovered.recorded) as commit:
        for seq in (4, 5, 6):
            await commit.commit(seq, TIME_MS, [entry])
    (_, following) = await audit(bus, shard)
    assert [found.reason for found in following.entries] == [None, Reason.REPLAY_DIVERGED]
    assert "journal message 4" in following.entries[1].detail


async def test_a_zombie_cannot_commit(bus: Bus, shard: str) -> None:
    """An engine whose successor has written to the audit is stopped by the sequence that it expects there."""
    zombie = await recover(bus, shard)
    async with committer(bus, shard, epoch=2) as successor:
        await successor.commit(1, TIME_MS, [AuditEntry(kind="control", verb="successor")])
    with pytest.raises(WrongLastSequence):
        async with committer(bus, shard, mark=zombie.mark) as late:
            await late.commit(1, TIME_MS, [AuditEntry(kind="control", verb="zombie")])
    (record,) = await audit(bus, shard)
    assert record.entries[0].verb == "successor"


async def test_what_no_record_can_hold_is_cut_and_nothing_stops(bus: Bus, shard: str) -> None:
    """A record beyond the server's limit keeps its beginning and says so; the next one follows, and a replay agrees."""
    vast = [AuditEntry(kind="control", detail="x" * 9_000_000)]
    async with committer(bus, shard) as committing:
        await committing.commit(1, TIME_MS, vast)
        await committing.commit(2, TIME_MS, [AuditEntry(kind="control", verb="halt")])
    cut, following = await audit(bus, shard)
    assert [entry.reason for entry in cut.entries] == [None, Reason.RECORD_CUT]
    assert [entry.verb for entry in following.entries] == ["halt"]
    async with committer(bus, shard, mark=committing.mark, recorded={1: cut, 2: following}) as replaying:
        await replaying.commit(1, TIME_MS, vast)
        await replaying.commit(3, TIME_MS, [AuditEntry(kind="control", verb="resume")])
    assert [entry.verb for entry in (await audit(bus, shard))[-1].entries] == ["resume"]


async def test_a_name_from_outside_cannot_stop_the_engine(bus: Bus, shard: str) -> None:
    """A severity of thousands of characters came with a sample: its alert is published as any other."""
    strange = msgspec.structs.replace(alert(shard), labels={"severity": "y" * 5000})
    async with committer(bus, shard) as committing:
        await committing.commit(1, TIME_MS, [strange, AuditEntry(kind="transition", alert="a")])
    assert len(await audit(bus, shard)) == 1
