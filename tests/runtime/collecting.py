"""An agent whose collector is the test's own, and what of its events is stored."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from engine.runtime.bus import Bus
from engine.runtime.publishing import new_id
from schemas import subjects
from schemas.codec import decode
from schemas.events import Event, Events
from schemas.labels import canonical
from schemas.plugins import CollectorContext, CollectorSpec, Occurrence, PluginConfig, Reading, Samples
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.roles import Role, agent, stored

UP = canonical({"__name__": "up"})
LOAD = canonical({"__name__": "node_load1"})


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
