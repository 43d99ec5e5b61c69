"""The life of an engine: it goes on where the last one ended, alone, with the rules that were last good."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from engine.cli.history import read_audit
from engine.core.snapshot import save
from engine.core.state import State
from engine.runtime import objects
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import StreamBehind, WrongLastSequence
from engine.runtime.lease import LeaseLostError
from engine.runtime.recovery import BUCKET, SnapshotHead, object_name, pack, recover
from schemas import subjects
from schemas.reasons import Reason
from tests.conftest import ServerUnderTest
from tests.runtime.roles import PATIENCE_S, POLL_S, engine, entry, error_of, status, stored
from tests.runtime.shop import DOWN, ONCALL, SHOP, diverged, own, rules_until, sample, write_rules


async def snapshots_until(bus: Bus, count: int) -> list[str]:
    """Wait until so many snapshots are stored; their names, oldest first."""
    async with asyncio.timeout(PATIENCE_S):
        while len(names := sorted(await objects.names(bus, BUCKET))) < count:
            await asyncio.sleep(POLL_S)
    return names


async def test_a_step_without_its_target_is_passed_over(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """A workload that no inventory has is named in the audit, and the next step is taken."""
    write_rules(tmp_path, DOWN)
    async with engine(mortal_server, tmp_path):
        await rules_until(mortal_bus, 1, lambda refused: not refused)
        await own(mortal_bus, ONCALL)
        await sample(mortal_bus, 0.0)
        passed = await entry(mortal_bus, lambda found: found.reason is Reason.UNKNOWN_TARGET)
        paged = await entry(mortal_bus, lambda found: found.kind == "command")
    assert (passed.target, passed.step) == ("workload:shop", 0)
    assert (paged.verb, paged.reason, paged.step) == ("page", Reason.STEP_FAILED, 1)


async def test_an_engine_that_died_at_any_point_of_a_decision_is_succeeded_without_a_second_command(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """Ended the moment its command is seen, whether or not it is in the audit: one command and one record."""
    write_rules(tmp_path, DOWN)
    await own(mortal_bus, SHOP)
    await own(mortal_bus, ONCALL)
    async with engine(mortal_server, tmp_path):
        await rules_until(mortal_bus, 1, lambda refused: not refused)
        await sample(mortal_bus, 0.0)
        await _commanded(mortal_bus)
    async with engine(mortal_server, tmp_path):
        await entry(mortal_bus, lambda found: found.kind == "command")
        await status(mortal_bus, applied_seq=await sample(mortal_bus, 0.0))
    sent = await stored(mortal_bus, subjects.COMMANDS, ">")
    recorded = [found.entry for found in await read_audit(mortal_bus) if found.entry.kind == "command"]
    assert len({found.data for found in sent}) == len(recorded) == 1
    assert recorded[0].command in sent[0].data.decode()
    assert not await diverged(mortal_bus)


async def _commanded(bus: Bus) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await stored(bus, subjects.COMMANDS, ">"):
            pass


async def test_an_engine_that_was_replaced_ends(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """One that was thought dead and is not loses its lease, or its place in the audit, and the chain stays whole."""
    write_rules(tmp_path, DOWN)
    async with engine(mortal_server, tmp_path) as zombie:
        await rules_until(mortal_bus, 1, lambda refused: not refused)
        async with engine(mortal_server, tmp_path):
            errors = await error_of(zombie)
    assert any(isinstance(error, LeaseLostError | WrongLastSequence) for error in errors)
    await read_audit(mortal_bus)


async def test_a_second_engine_waits_for_the_first(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """Two engines of different names: one decides, and when it is gone for as long as its lease, the other does."""
    write_rules(tmp_path, DOWN)
    async with AsyncExitStack() as later:
        async with engine(mortal_server, tmp_path, "first"):
            assert (await status(mortal_bus))["engine"] == "first"
            await later.enter_async_context(engine(mortal_server, tmp_path, "second"))
            assert (await status(mortal_bus, applied_seq=await sample(mortal_bus, 1.0)))["engine"] == "first"
        answer = await status(mortal_bus, applied_seq=await sample(mortal_bus, 1.0))
        assert (answer["engine"], answer["epoch"]) == ("second", 2)


async def spoil(bus: Bus, name: str) -> None:
    """The snapshot is there and is none."""
    await objects.put(bus, BUCKET, name, b"\0\0\0\4spoilt")


async def cut(bus: Bus, name: str) -> None:
    """The snapshot's description is there and its content is not."""
    info = await objects.info(bus, BUCKET, name)
    assert info is not None
    await bus.api(f"STREAM.PURGE.OBJ_{BUCKET}", {"filter": f"$O.{BUCKET}.C.{info.nuid}"})


@pytest.mark.parametrize("harm", [spoil, cut])
async def test_a_snapshot_that_cannot_be_read_gives_way_to_the_one_before(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path, harm: Callable[[Bus, str], Awaitable[None]]
) -> None:
    """The engine goes on from the newest readable snapshot, and decides what was decided."""
    write_rules(tmp_path, DOWN)
    async with engine(mortal_server, tmp_path, snapshot_every_s=0.1):
        await rules_until(mortal_bus, 1, lambda refused: not refused)
        await sample(mortal_bus, 0.0)
        await entry(mortal_bus, lambda found: found.reason is Reason.CONDITION_MET)
        await snapshots_until(mortal_bus, 3)
    *_, before, newest = sorted(await objects.names(mortal_bus, BUCKET))
    assert object_name("0", (await recover(mortal_bus, "0")).state.seq) == newest
    await harm(mortal_bus, newest)
    recovered = await recover(mortal_bus, "0")
    assert object_name("0", recovered.state.seq) == before
    async with engine(mortal_server, tmp_path):
        answer = await status(mortal_bus, applied_seq=await sample(mortal_bus, 1.0))
        assert answer["rules"]["alert"] == 1
        await entry(mortal_bus, lambda found: found.state == "resolved")
    assert not await diverged(mortal_bus)


async def test_a_journal_with_a_gap_makes_the_engine_settle(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """Messages that are gone are named in the audit, and acts wait; then it decides again."""
    write_rules(tmp_path, DOWN)
    async with engine(mortal_server, tmp_path, snapshot_every_s=0.1):
        await rules_until(mortal_bus, 1, lambda refused: not refused)
        await snapshots_until(mortal_bus, 1)
    for _ in range(3):
        lost_seq = await sample(mortal_bus, 1.0)
    await sample(mortal_bus, 1.0)
    await mortal_bus.api(f"STREAM.PURGE.{subjects.JOURNAL}", {"seq": lost_seq + 1})
    from_seq = (await recover(mortal_bus, "0")).state.seq
    async with engine(mortal_server, tmp_path):
        missing = f"messages {from_seq + 1} to {lost_seq} are missing"
        await entry(mortal_bus, lambda found: found.reason is Reason.TIME_JUMPED and found.detail == missing)
        await own(mortal_bus, ONCALL)
        await sample(mortal_bus, 0.0)
        assert (await entry(mortal_bus, lambda found: found.kind == "command")).verb == "page"


async def test_a_journal_that_was_replaced_is_told(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """An engine whose snapshot is ahead of the journal does not start on what it does not know."""
    head = SnapshotHead(shard="0", seq=1_000_000, audit_seq=0)
    data = pack(head, save(State(seq=head.seq)))
    await objects.put(mortal_bus, BUCKET, object_name("0", head.seq), data)
    async with engine(mortal_server, tmp_path) as ahead:
        (error,) = [error for error in await error_of(ahead) if isinstance(error, StreamBehind)]
    assert str(error).startswith("stream JOURNAL ends at ")
    assert "cannot read on from 1000001: it was lost or replaced" in str(error)
