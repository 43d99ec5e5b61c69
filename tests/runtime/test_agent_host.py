"""What an agent sends of samples: each reading once, the newest first. Events are in `test_agent_events`."""

import asyncio
from pathlib import Path

import pytest

from engine.runtime.agent_host import CollectorEndedError
from engine.runtime.bus import Bus
from engine.runtime.lookup import last
from engine.runtime.outbox import MAX_READINGS
from schemas import subjects
from schemas.codec import decode
from schemas.plugins import Samples
from schemas.samples import LAYOUT_REFRESH_MS, STALE, SampleBatch, is_stale, layout_digest, unpack_values
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.collecting import LOAD, UP, Collector, collecting, events_until
from tests.runtime.roles import error_of, messages, until

START_MS = 1_700_000_000_000


async def batches(bus: Bus, collector: Collector, count: int) -> list[SampleBatch]:
    """Wait for that many batches of the collector."""
    subject = subjects.metrics(NODE, collector.name)
    bodies = [decode(subject, found.data) for found in await messages(bus, subjects.JOURNAL, count, subject)]
    return [body for body in bodies if isinstance(body, SampleBatch)]


async def test_a_layout_is_sent_first_and_again_after_a_while(
    nats_server: ServerUnderTest, bus: Bus, tmp_path: Path
) -> None:
    """The series stand in the first batch and in one a minute; the batches between hold numbers only."""
    collector = Collector()
    times_ms = [START_MS, START_MS + 1, START_MS + LAYOUT_REFRESH_MS - 1, START_MS + LAYOUT_REFRESH_MS]
    async with collecting(nats_server, tmp_path, collector):
        for count, time_ms in enumerate(times_ms, 1):
            collector.scrape(time_ms, up=count, load=0.5)
            found = await batches(bus, collector, count)
    assert [batch.series for batch in found] == [[UP, LOAD], None, None, [UP, LOAD]]
    assert {batch.layout for batch in found} == {layout_digest([UP, LOAD])}
    assert [list(unpack_values(batch.values)) for batch in found] == [[n, 0.5] for n in (1, 2, 3, 4)]
    assert [batch.time_ms for batch in found] == times_ms


async def test_a_series_that_is_gone_is_marked_stale(nats_server: ServerUnderTest, bus: Bus, tmp_path: Path) -> None:
    """What the scrape before had and this one has not gets the staleness marker at this scrape's time, once."""
    collector = Collector()
    async with collecting(nats_server, tmp_path, collector):
        collector.scrape(START_MS, up=1, load=1)
        await batches(bus, collector, 1)
        collector.scrape(START_MS + 1, up=1)
        await batches(bus, collector, 3)
        collector.scrape(START_MS + 2)
        _, gone, rest, all_gone = await batches(bus, collector, 4)
    assert (gone.series, rest.series, all_gone.series) == ([LOAD], [UP], [UP])
    assert is_stale(unpack_values(gone.values)[0])
    assert is_stale(unpack_values(all_gone.values)[0])
    assert (gone.time_ms, all_gone.time_ms) == (START_MS + 1, START_MS + 2)


async def test_a_source_that_is_gone_costs_nothing(nats_server: ServerUnderTest, bus: Bus, tmp_path: Path) -> None:
    """Targets come and go for as long as an agent runs; one that comes back begins anew."""
    collector = Collector()
    async with collecting(nats_server, tmp_path, collector):
        collector.scrape(START_MS, up=1)
        await batches(bus, collector, 1)
        tasks = len(asyncio.all_tasks())
        collector.scrape(START_MS + 1)
        await batches(bus, collector, 2)
        await until(lambda: len(asyncio.all_tasks()) < tasks, "the source to be let go")
        collector.scrape(START_MS + 2, up=1)
        _, gone, again = await batches(bus, collector, 3)
    assert is_stale(unpack_values(gone.values)[0])
    assert again.series == [UP]


async def test_after_the_bus_was_away_the_newest_samples_come_first(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """What was being sent when the bus went is stored, then the newest reading, then back to the oldest."""
    collector = Collector()
    async with collecting(mortal_server, tmp_path, collector):
        collector.scrape(START_MS, up=0)
        await batches(mortal_bus, collector, 1)
        await mortal_server.kill()
        for second in range(1, 6):
            collector.scrape(START_MS + second * 1000, up=second)
            await until(collector.readings.empty, "the reading to be taken")
        await mortal_server.up()
        found = await batches(mortal_bus, collector, 6)
    assert [unpack_values(batch.values)[0] for batch in found] == [0, 1, 5, 4, 3, 2]


async def test_readings_with_a_receipt_are_sent_in_order_and_none_is_dropped(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """While the bus is away they wait; each is receipted when it is stored, and one no longer wanted is not sent."""
    collector = Collector()
    loop = asyncio.get_running_loop()
    receipts: list[asyncio.Future[None]] = [loop.create_future() for _ in range(MAX_READINGS + 3)]
    async with collecting(mortal_server, tmp_path, collector):
        await mortal_server.kill()
        for number, receipt in enumerate(receipts):
            collector.readings.put_nowait(
                Samples(START_MS + number, (UP,), (float(number),), collector.name, receipt=receipt)
            )
        receipts[-1].cancel()
        await until(collector.readings.empty, "the readings to be taken")
        assert not any(receipt.done() for receipt in receipts[:-1])
        await mortal_server.up()
        async with asyncio.timeout(15):
            await asyncio.gather(*receipts[:-1])
        found = await batches(mortal_bus, collector, len(receipts) - 1)
    assert [unpack_values(batch.values)[0] for batch in found] == list(range(len(receipts) - 1))


async def test_the_last_event_is_the_newest_of_ones_own_source(
    nats_server: ServerUnderTest, bus: Bus, tmp_path: Path
) -> None:
    """A collector resumes after the last event of the last message; without one, or with a broken one, it has none."""
    collector = Collector()
    async with collecting(nats_server, tmp_path, collector):
        collector.happen("1", "2")
        await events_until(bus, collector, "2")
        assert collector.context is not None
        newest = await collector.context.last_event(collector.name)
        assert newest is not None
        assert (newest.id, newest.source) == ("2", collector.name)
        assert await collector.context.last_event("another") is None
        await bus.publish(subjects.events(NODE, "broken"), b"?")
        assert await collector.context.last_event("broken") is None


async def test_a_collector_that_ends_ends_the_agent(nats_server: ServerUnderTest, tmp_path: Path) -> None:
    """A source that silently stays away would look healthy; so it is an error, and names the collector."""
    collector = Collector()
    collector.readings.put_nowait(None)
    async with collecting(nats_server, tmp_path, collector) as role:
        (error,) = await error_of(role)
    assert isinstance(error, CollectorEndedError)
    assert str(error) == collector.name


@pytest.mark.parametrize("value", [float("nan"), STALE, float("-inf")])
async def test_a_value_arrives_as_it_was_read(
    nats_server: ServerUnderTest, bus: Bus, tmp_path: Path, value: float
) -> None:
    """Infinities and both kinds of NaN keep their bits."""
    collector = Collector()
    async with collecting(nats_server, tmp_path, collector):
        collector.scrape(START_MS, up=value)
        (batch,) = await batches(bus, collector, 1)
    (found,) = unpack_values(batch.values)
    assert (repr(found), is_stale(found)) == (repr(value), is_stale(value))
    assert await last(bus, subjects.JOURNAL, subjects.events(NODE, collector.name)) is None
