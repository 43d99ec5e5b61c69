"""What an agent sends of events: every one in its order, none twice, and a receipt for whoever waits for it."""

import asyncio
from pathlib import Path

import pytest

from engine.runtime.bus import Bus
from engine.runtime.outbox import EVENTS_PER_MESSAGE
from schemas import subjects
from schemas.codec import encode
from schemas.events import Event, Events
from schemas.plugins import NotStored, Occurrence
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.collecting import Collector, collecting, event_ids, events_until
from tests.runtime.roles import until


async def test_events_that_wait_are_sent_together_and_in_order(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """While the bus is away events queue up; they follow in full messages, none lost and none twice."""
    collector = Collector()
    ids = [str(number) for number in range(2 * EVENTS_PER_MESSAGE + 100)]
    async with collecting(mortal_server, tmp_path, collector):
        collector.happen("first")
        await events_until(mortal_bus, collector, "first")
        await mortal_server.kill()
        collector.happen(*ids)
        await until(collector.readings.empty, "the events to be taken")
        await mortal_server.up()
        found = await events_until(mortal_bus, collector, ids[-1])
    assert [each for message in found for each in message] == ["first", *ids]
    assert len(found) <= 5


def pushed(collector: Collector, each: str, data: str = "") -> asyncio.Future[None]:
    """The receipt of an event that the collector was handed."""
    receipt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    event = Event(id=each, source=collector.name, type="test", data=data)
    collector.readings.put_nowait(Occurrence(collector.name, event, receipt))
    return receipt


async def test_events_with_a_receipt_are_receipted_when_they_are_stored(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """In their order, and not before; what was given up meanwhile is not sent."""
    collector = Collector()
    async with collecting(mortal_server, tmp_path, collector):
        await mortal_server.kill()
        receipts = [pushed(collector, str(number)) for number in range(EVENTS_PER_MESSAGE + 3)]
        receipts[-2].cancel()
        await until(collector.readings.empty, "the events to be taken")
        assert not any(receipt.done() for receipt in receipts if not receipt.cancelled())
        await mortal_server.up()
        async with asyncio.timeout(15):
            await asyncio.gather(*receipts[:-2], receipts[-1])
        found = await event_ids(mortal_bus, collector)
    wanted = [str(number) for number in range(len(receipts)) if number != len(receipts) - 2]
    assert [each for message in found for each in message] == wanted


async def test_a_receipt_says_what_can_never_be_stored(nats_server: ServerUnderTest, bus: Bus, tmp_path: Path) -> None:
    """The event is larger than a message may be; those beside it are stored."""
    collector = Collector()
    async with collecting(nats_server, tmp_path, collector):
        small, large, last_one = (
            pushed(collector, "a"),
            pushed(collector, "b", "x" * bus.nc.max_payload),
            pushed(collector, "c"),
        )
        async with asyncio.timeout(15):
            with pytest.raises(NotStored, match="more than the server's limit"):
                await large
            await asyncio.gather(small, last_one)
        assert [each for message in await event_ids(bus, collector) for each in message] == ["a", "c"]


async def test_what_was_stored_last_before_the_start_is_not_stored_again(
    nats_server: ServerUnderTest, bus: Bus, tmp_path: Path
) -> None:
    """Whoever pushed it to the process before, and did not hear that it is stored, pushes it again."""
    collector = Collector()
    before = Events(tuple(Event(id=each, source=collector.name, type="test") for each in ("1", "2")))
    await bus.publish(subjects.events(NODE, collector.name), encode(before))
    async with collecting(nats_server, tmp_path, collector):
        async with asyncio.timeout(15):
            await asyncio.gather(*(pushed(collector, each) for each in ("1", "2", "3")))
        assert await event_ids(bus, collector) == [["1", "2"], ["3"]]


async def test_a_foreign_writer_neither_stops_the_source_nor_loses_its_events(
    nats_server: ServerUnderTest, bus: Bus, tmp_path: Path
) -> None:
    """Somebody else's event on the same subject goes between ours."""
    collector = Collector()
    async with collecting(nats_server, tmp_path, collector):
        for number in range(3):
            collector.happen(f"ours-{number}")
            await events_until(bus, collector, f"ours-{number}")
            theirs = Event(id=f"theirs-{number}", source="x", type="t")
            await bus.publish(subjects.events(NODE, collector.name), encode(theirs))
        collector.happen("last")
        found = await events_until(bus, collector, "last")
    between = [each for number in range(3) for each in (f"ours-{number}", f"theirs-{number}")]
    assert [each for message in found for each in message] == [*between, "last"]


async def test_what_a_killed_agent_had_under_way_is_not_stored_again(
    nats_server: ServerUnderTest, bus: Bus, tmp_path: Path
) -> None:
    """A message that is stored after the next agent has looked is recognised by the ids of its events."""
    collector = Collector()
    async with collecting(nats_server, tmp_path, collector):
        collector.happen("1")
        await events_until(bus, collector, "1")
        under_way = Events(tuple(Event(id=each, source=collector.name, type="test") for each in ("2", "3")))
        await bus.publish(subjects.events(NODE, collector.name), encode(under_way))
        collector.happen("2", "3", "4")
        found = await events_until(bus, collector, "4")
    assert [each for message in found for each in message] == ["1", "2", "3", "4"]


async def test_events_too_large_for_one_message_go_in_several(
    nats_server: ServerUnderTest, bus: Bus, tmp_path: Path
) -> None:
    """Long lines are split over messages; one that no message can hold is left out and stops nobody."""
    collector = Collector()
    sizes = {"a": 5_000_000, "b": 5_000_000, "too large": bus.nc.max_payload, "c": 10}
    async with collecting(nats_server, tmp_path, collector):
        for each, size in sizes.items():
            event = Event(id=each, source=collector.name, type="test", data="x" * size)
            collector.readings.put_nowait(Occurrence(collector.name, event))
        found = await events_until(bus, collector, "c")
    assert [each for message in found for each in message] == ["a", "b", "c"]
