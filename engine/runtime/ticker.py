"""Ticks: time itself as a message of the journal.

One is written every interval for as long as the engine lives, so that a gap between them tells every later replay that
nobody was deciding; and one whenever work of the core comes due and no other message comes.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from engine.runtime.bus import Bus
from engine.runtime.publishing import now_ms
from schemas import subjects
from schemas.codec import encode
from schemas.control import Tick

SHORTEST_MS = 20
"""Between two ticks; work that comes due within it shares one."""


class Ticker:
    """Writes the ticks of one shard. `next_due_ms` tells when the core's next work comes due."""

    def __init__(self, bus: Bus, shard: str, interval_ms: int, next_due_ms: Callable[[], int | None]) -> None:
        self._bus = bus
        self._subject = subjects.ticks(shard)
        self._tick = encode(Tick(shard=shard, interval_ms=interval_ms))
        self._interval_ms = interval_ms
        self._next_due_ms = next_due_ms
        self._ticked_ms = 0
        self._stepped = asyncio.Event()

    def stepped(self) -> None:
        """The core was stepped: what comes due next may have changed."""
        self._stepped.set()

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            self._stepped.clear()
            wait_ms = self._wake_ms() - now_ms()
            if wait_ms > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_ms / 1000):
                        await self._stepped.wait()
            else:
                self._ticked_ms = now_ms()
                await self._bus.publish(self._subject, self._tick)

    def _wake_ms(self) -> int:
        self._ticked_ms = min(self._ticked_ms, now_ms())  # a clock that is set back must not end the ticking
        regular_ms = self._ticked_ms + self._interval_ms
        due_ms = self._next_due_ms()
        if due_ms is None or due_ms <= self._ticked_ms:  # that tick is on its way through the journal
            return regular_ms
        return min(regular_ms, max(due_ms, self._ticked_ms + SHORTEST_MS))
