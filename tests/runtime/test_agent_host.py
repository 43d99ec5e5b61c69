"""What an agent sends: each reading once, the newest samples first, every event in its order."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.runtime.agent_host import CollectorEndedError
from engine.runtime.bus import Bus
from engine.runtime.lookup import last
from engine.runtime.outbox import EVENTS_PER_MESSAGE, MAX_READINGS
from engine.runtime.publishing import new_id
from schemas import subjects
from schemas.codec import decode, encode
from schemas.events import Event, Events
from schemas.labels import canonical
from schemas.plugins import CollectorContext, CollectorSpec, Occurrence, PluginConfig, Reading, Samples
from schemas.samples import LAYOUT_REFRESH_MS, STALE, SampleBatch, is_stale, layout_digest, unpack_values
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.roles import Role, agent, error_of, messages, stored, until

UP = canonical({"__name__": "up"})
LOAD = canonical({"__name__": "node_load1"})
START_MS = 1_700_000_000_000


class Collector:
    """A collector that yields what it is given. `context` is what its host gave it; None ends it."""

    def __init__(self) -> None:
        self.name = f"test-{new_id()}"
        self.readings: asyncio.Queue[Reading | None] = asyncio.Queue()
        self.context: CollectorContext | None = None

    @property
    def spec(self) -> CollectorSpec:
        async def collect(config: PluginConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
            self.context = context
            while reading := await self.readings.get():
                yield reading

        return CollectorSpec(name=self.name, summary="For tests.", config=PluginConfig, collect=collect)

    def scrape(self, time_ms: int, **values: float) -> None:
        series = {"up": UP, "load": LOAD}
        self.readings.put_nowait(Samples(time_ms, [series[name] for name in values], list(values.values())))

    def happen(self, *ids: str) -> None:
        for each in ids:
            self.readings.put_nowait(Occurrence(self.name, Event(id=each, source=self.name, type="test")))


@asynccontextmanager
async def collecting(server: ServerUnderTest, folder: Path, collector: Collector) -> AsyncIterator[Role]:
    async with agent(server, folder, {collector.name: collector.spec}, {collector.name: PluginConfig()}) as role:
        yield role


async def batches(bus: Bus, collector: Collector, count: int) -> list[SampleBatch]:
    """Wait for that many batches of the collector."""
    subject = subjects.metrics(NODE, collector.name)
    bodies = [decode(subject, found.data) for found in await messages(bus, subjects.JOURNAL, count, subject)]
    return [body for body in bodies if isinstance(body, SampleBatch)]


async def event_ids(bus: Bus, collector: Collector) -> list[list[str]]:
    """The ids of the events that are stored, message for message."""
    subject = subjects.events(NODE, collector.name)
    bodies = [decode(subject, found.data) for found in await stored(bus, subjects.JOURNAL, subject)]
    return [[event.id for event in body.events] for body in bodies if isinstance(body, Events)]


async def events_until(bus: Bus, collector: Collector, newest: str) -> list[list[str]]:
    """Wait until this event is stored; all events."""
    async with asyncio.timeout(15):
        while True:
            found = await event_ids(bus, collector)
            if any(newest in ids for ids in found):
                return found
            await asyncio.sleep(0.01)


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
