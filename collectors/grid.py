"""The grid that collectors read on: evenly spaced moments that do not drift, however long a reading takes.

Only pacing lives here. The time that a sample bears is its collector's business and comes from its context.
"""

import asyncio


class Grid:
    """Moments `interval_s` apart, beginning with the first call of `tick`."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._start_s: float | None = None
        self._moment = 0

    async def tick(self) -> None:
        """Return at the next moment; moments that passed since the last call are skipped, not made up."""
        await asyncio.sleep(self.delay_s(asyncio.get_running_loop().time()))

    def delay_s(self, now_s: float) -> float:
        """Seconds from `now_s` to the next moment, which is thereby taken."""
        if self._start_s is None:
            self._start_s = now_s
            return 0.0
        # A timer may end a hair early: the moment it was set for must not be taken twice.
        self._moment = max(self._moment + 1, int((now_s - self._start_s) / self._interval_s) + 1)
        return self._start_s + self._moment * self._interval_s - now_s
