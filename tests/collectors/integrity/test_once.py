"""What the integrity collector tells is told once, through crashes and whatever becomes of bus and baseline."""

import asyncio

import pytest

from collectors.integrity.watch import MOST_AT_ONCE
from schemas.plugins import NotStored
from tests.collectors.contexts import next_occurrence, next_samples
from tests.collectors.integrity.machine import Machine, receipt_of, sha256


@pytest.mark.parametrize("stored", range(4))
@pytest.mark.parametrize("told", range(4))
async def test_each_change_is_told_once_whenever_the_agent_dies(machine: Machine, told: int, stored: int) -> None:
    """It may have handed on any number of the changes, of which any number is stored, when it is killed."""
    if stored > told:
        return
    await machine.baseline()
    for name in "abc":
        (machine.files / name).write_text(name)
    async with machine.collecting() as readings:  # which never hears that anything is stored
        handed_on = [(await next_occurrence(readings)).event for _ in range(told)]
    machine.stored += handed_on[:stored]
    (machine.files / "d").write_text("d")
    rest = await machine.changes(4 - stored)
    assert [machine.said(event) for event in machine.stored[1:]] == [("created", name) for name in "abcd"]
    assert [event.id for event in handed_on] == [event.id for event in machine.stored[1 : told + 1]]
    assert len(rest) == 4 - stored


async def test_nothing_is_lost_while_the_bus_is_away(machine: Machine) -> None:
    """What changes meanwhile is told when what was told before is stored."""
    await machine.baseline()
    path = machine.files / "a"
    path.write_text("1")
    async with machine.collecting() as readings:
        waiting = await next_occurrence(readings)
        next_one = asyncio.ensure_future(next_occurrence(readings))
        path.write_text("2")
        assert not (await asyncio.wait([next_one], timeout=0.05))[0]
        receipt_of(waiting)(None)
        following = await next_one
        assert following.event.data["file.previous.hash.sha256"] == sha256("1")


async def test_what_can_never_be_stored_keeps_nothing_else_back(machine: Machine) -> None:
    """The host has said so in its log."""
    await machine.baseline()
    (machine.files / "a").write_text("a")
    async with machine.collecting() as readings:
        refused = await next_occurrence(readings)
        assert refused.receipt
        refused.receipt.set_exception(NotStored("too large"))
        await next_samples(readings)
        (machine.files / "b").write_text("b")
        (event,) = await machine.store(readings)
        assert machine.said(event) == ("created", "b")


async def test_any_number_of_changes_is_told(machine: Machine) -> None:
    """They go on in portions, none of which is left out."""
    await machine.baseline()
    names = {f"{number}" for number in range(MOST_AT_ONCE + 100)}
    for name in names:
        (machine.files / name).write_text("")
    assert {path for _, path in await machine.changes(len(names))} == names


async def test_other_paths_are_not_told_as_created_or_deleted(machine: Machine) -> None:
    """After the configuration has changed, what came into it is one event; what had changed before is told."""
    for name in ("a", "b", "c"):
        (machine.files / name).write_text(name)
    here = {name: str(machine.files / name) for name in "abc"}
    await machine.baseline(paths=[here["a"], here["b"]])
    (machine.files / "a").write_text("other")
    told = await machine.changes(2, paths=[here["a"], here["c"]])
    assert told == [("baseline_changed", ""), ("modified", "a")]
    assert machine.stored[1].data["integrity.files"] == 2
    (machine.files / "b").write_text("not watched")
    (machine.files / "c").write_text("watched")
    assert await machine.changes(1, paths=[here["a"], here["c"]]) == [("modified", "c")]


async def test_a_baseline_that_is_taken_away_is_told_of(machine: Machine) -> None:
    """Deleted or overwritten between two starts, it is made anew, which is an event."""
    await machine.baseline()
    machine.database.unlink()
    assert (await machine.baseline()).data["event.action"] == "baseline_created"
    machine.database.write_bytes(b"no database" * 1000)
    assert (await machine.baseline()).data["event.action"] == "baseline_created"


async def test_a_baseline_that_cannot_be_written_blinds_nobody(machine: Machine) -> None:
    """Changes are told, each once, as long as the agent runs."""
    async with machine.collecting() as readings:
        await machine.store(readings)
        await next_samples(readings)
        machine.database.unlink()
        for content in "abc":
            machine.write("a", content)
            (event,) = await machine.store(readings)
            assert event.data["file.hash.sha256"] == sha256(content)
        await machine.settle(readings)
