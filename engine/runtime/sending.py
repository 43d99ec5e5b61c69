"""From the readings of one collector to the bus: each of its sources has a queue, and a task that empties it."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from engine.runtime.batches import Batches
from engine.runtime.bus import Bus, Message
from engine.runtime.event_log import EventLog, name
from engine.runtime.outbox import EventQueue, ReceiptQueue, SampleStack
from schemas import subjects
from schemas.codec import encode
from schemas.events import Event
from schemas.plugins import NotStored, Reading, Samples


class Watch(Protocol):
    """Looks at the events of one source on their way."""

    def mined(self, events: Sequence[Event]) -> Sequence[Event]:
        """The events, and what follows from them, as they are to be stored."""
        ...

    def stored(self) -> None:
        """What was mined is stored."""
        ...

    def close(self) -> None:
        """Nothing more will come."""
        ...


class Watches(Protocol):
    """Who looks at which source."""

    def of(self, source: str, newest: Sequence[Event]) -> Watch | None:
        """`newest` is the newest message that is stored of the source."""
        ...


class Sender:
    """Publishes as `node` what the collector `name` reads; its tasks belong to `group`."""

    def __init__(
        self, bus: Bus, node: str, name: str, group: asyncio.TaskGroup, watches: Watches | None = None
    ) -> None:
        self._bus = bus
        self._node = node
        self._name = name
        self._group = group
        self._watches = watches
        self._stacks: dict[str, SampleStack] = {}
        self._awaited: dict[str, ReceiptQueue] = {}
        self._queues: dict[str, EventQueue] = {}

    @property
    def readings(self) -> int:
        """How many readings of samples wait."""
        return sum(map(len, self._stacks.values())) + sum(map(len, self._awaited.values()))

    @property
    def events(self) -> int:
        """How many events wait."""
        return sum(map(len, self._queues.values()))

    async def put(self, reading: Reading) -> None:
        """Have it sent. Waits where events would otherwise have to be dropped."""
        source = reading.source or self._name
        if not isinstance(reading, Samples):
            if source not in self._queues:
                self._queues[source] = EventQueue()
                self._group.create_task(self._send_events(source))
            await self._queues[source].put(reading)
        elif reading.receipt:
            if source not in self._awaited:
                self._awaited[source] = ReceiptQueue()
                self._group.create_task(self._send_awaited(source))
            self._awaited[source].put(reading)
        else:
            if source not in self._stacks:
                self._stacks[source] = SampleStack()
                self._group.create_task(self._send_samples(source))
            self._stacks[source].put(reading)

    async def _send_samples(self, source: str) -> None:
        """Until the source is gone: a reading without series is its last, unless it comes back."""
        subject = subjects.metrics(self._node, source)
        batches, stack = Batches(), self._stacks[source]
        while True:
            reading = await stack.newest()
            for batch in batches.of(reading):
                await self._bus.publish(subject, encode(batch))
            if not reading.series and not len(stack):
                del self._stacks[source]
                return

    async def _send_awaited(self, source: str) -> None:
        subject = subjects.metrics(self._node, source)
        batches, queue = Batches(), self._awaited[source]
        while True:
            readings = await queue.some()
            made = [Message(subject, encode(batch)) for reading in readings for batch in batches.of(reading)]
            await self._bus.publish_many(made)
            for reading in readings:
                _receipt(reading)

    async def _send_events(self, source: str) -> None:
        journaled, queue = EventLog(self._bus, subjects.events(self._node, source)), self._queues[source]
        newest = await journaled.open()
        watch = self._watches.of(source, newest) if self._watches else None
        try:
            while True:
                waiting = await queue.some()
                events: Sequence[Event] = [occurrence.event for occurrence in waiting]
                refused = await journaled.append(watch.mined(events) if watch else events)
                if watch:
                    watch.stored()
                for occurrence in waiting:
                    _receipt(occurrence, refused.get(name(occurrence.event)))
        finally:
            if watch:
                watch.close()


def _receipt(reading: Reading, why_not: str | None = None) -> None:
    """Say that it is stored, or why it never will be."""
    receipt = reading.receipt
    if receipt is None or receipt.done():
        return
    if why_not is None:
        receipt.set_result(None)
    else:
        receipt.set_exception(NotStored(why_not))
