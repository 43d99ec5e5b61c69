"""Has events stored, and a push that comes again only once.

What was handed on is stored in the end, however long the bus is away: a push that is no longer waited for is not given
up, so that the same push, when it comes again, only joins it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from collectors.ingest.counts import Counts
from schemas.events import Event
from schemas.plugins import CollectorContext, Occurrence

MOST_REMEMBERED = 100_000
"""Events whose push may come again."""

_Name = tuple[str, str, str]


class Full(Exception):
    """Too many pushes wait to be stored."""


class _Handed(NamedTuple):
    """An event that was handed on, and when (Unix milliseconds)."""

    receipt: asyncio.Future[None]
    at_ms: int


class Intake:
    """Remembers what was pushed within the last `window_s`, and hands on to `put` what is new."""

    def __init__(
        self,
        context: CollectorContext,
        counts: Counts,
        put: Callable[[Occurrence], None],
        *,
        window_s: float,
        most_waiting: int,
    ) -> None:
        self._now_ms = context.now_ms
        self._counts = counts
        self._put = put
        self._window_ms = window_s * 1000
        self._most_waiting = most_waiting
        self._waiting = 0
        self._handed: OrderedDict[_Name, _Handed] = OrderedDict()

    async def store(self, source: str, events: Sequence[Event]) -> None:
        """Return when all events of a push are stored. Raises `Full`, and `NotStored` for one that never will be."""
        self._forget()
        named = {(source, event.source, event.id): event for event in events}
        new = [name for name in named if name not in self._handed]
        if new and self._waiting >= self._most_waiting:
            raise Full(f"{self._waiting} pushes wait to be stored (max_pending_requests)")
        self._counts.retried += len(named) - len(new)
        for name in new:
            self._hand_on(source, name, named[name])
        if new:
            self._waiting += 1
            self._handed[new[-1]].receipt.add_done_callback(self._one_less)
        receipts = [self._handed[name].receipt for name in named]
        if receipts:
            await asyncio.wait(receipts)  # which, when it is cancelled, leaves them as they are
        for receipt in receipts:
            receipt.result()

    def _hand_on(self, source: str, name: _Name, event: Event) -> None:
        receipt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        receipt.add_done_callback(lambda done: self._forget_failed(name, done))
        self._handed[name] = _Handed(receipt, self._now_ms())
        self._counts.events[source] += 1
        self._put(Occurrence(source, event, receipt))

    def _one_less(self, _: asyncio.Future[None]) -> None:
        self._waiting -= 1

    def _forget_failed(self, name: _Name, receipt: asyncio.Future[None]) -> None:
        """What could not be stored may be tried again."""
        if receipt.cancelled() or receipt.exception():
            self._handed.pop(name, None)

    def _forget(self) -> None:
        """What is stored, and too long ago or too much, the oldest first."""
        too_old_ms = self._now_ms() - self._window_ms
        while self._handed:
            name, (receipt, at_ms) = next(iter(self._handed.items()))
            if not receipt.done() or (at_ms > too_old_ms and len(self._handed) <= MOST_REMEMBERED):
                return
            del self._handed[name]
