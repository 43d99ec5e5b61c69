"""Values that break and mend on demand, and when each side saw and told it."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple


class Found(NamedTuple):
    """Seconds from the value's breaking, and from the scrape that showed it broken, to the alert. Pushed, there is no
    scrape."""

    side: str
    since_broken_s: float
    since_shown_s: float


class Probe:
    """One value. `found` grows by one for each side and episode."""

    def __init__(self, sides: Sequence[str]) -> None:
        self.broken = False
        self.found: list[Found] = []
        self._fires = dict.fromkeys(sides, False)
        self._broke_s = 0.0
        self._shown_s: dict[str, float] = {}
        self._told = asyncio.Event()

    def show(self, side: str) -> float:
        """The value, as this side sees it now: 0 is broken."""
        if self.broken:
            self._shown_s.setdefault(side, time.perf_counter())
        return float(not self.broken)

    def tell(self, side: str, *, fires: bool) -> None:
        """The alert of one side fires, or no longer does."""
        if fires and self.broken and not self._fires[side]:
            now_s = time.perf_counter()
            self.found.append(Found(side, now_s - self._broke_s, now_s - self._shown_s.get(side, self._broke_s)))
        self._fires[side] = fires
        self._told.set()

    def turn(self, *, broken: bool) -> None:
        """Break or mend it."""
        self.broken = broken
        self._broke_s = time.perf_counter()
        self._shown_s.clear()

    async def told(self) -> None:
        """Wait until every side tells what is."""
        while any(fires != self.broken for fires in self._fires.values()):
            self._told.clear()
            await self._told.wait()
