"""What waits to be sent: samples on a stack, as the newest matter most; in a queue what must not be lost, which are
events and the samples that somebody waits to see stored.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from engine.runtime.metrics import DROPPED
from schemas.plugins import Occurrence, Reading, Samples

MAX_READINGS = 720
"""An hour at 5 s; beyond it the oldest readings are dropped."""
MAX_EVENTS = 4096
EVENTS_PER_MESSAGE = 512
READINGS_AT_ONCE = 64
"""With a receipt; they share a round trip."""


class SampleStack:
    """Readings of one source. The newest is sent first; the older ones follow and fill the windows."""

    def __init__(self) -> None:
        self._readings: deque[Samples] = deque(maxlen=MAX_READINGS)
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._readings)

    def put(self, reading: Samples) -> None:
        if len(self._readings) == MAX_READINGS:
            DROPPED.inc()
        self._readings.append(reading)
        self._filled.set()

    async def newest(self) -> Samples:
        """Wait for a reading and take the newest."""
        while not self._readings:
            self._filled.clear()
            await self._filled.wait()
        return self._readings.pop()


class ReceiptQueue:
    """Readings with a receipt, in their order, without those that are no longer wanted. Their collector bounds how many
    there are."""

    def __init__(self) -> None:
        self._readings: deque[Samples] = deque()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._readings)

    def put(self, reading: Samples) -> None:
        # While the bus is away others are pushed again and again in place of those that were given up.
        while self._readings and _is_given_up(self._readings[0]):
            self._readings.popleft()
        self._readings.append(reading)
        self._filled.set()

    async def some(self) -> Sequence[Samples]:
        """Wait for readings and take what is there, up to a limit; nothing where none of it is wanted."""
        while not self._readings:
            self._filled.clear()
            await self._filled.wait()
        taken = [self._readings.popleft() for _ in range(min(READINGS_AT_ONCE, len(self._readings)))]
        return [reading for reading in taken if not _is_given_up(reading)]


def _is_given_up(reading: Reading) -> bool:
    return reading.receipt is not None and reading.receipt.done()


class EventQueue:
    """Events of one source, in their order. A full queue makes its collector wait, which loses nothing; but not for
    room for events with a receipt, whose collector bounds how many there are."""

    def __init__(self) -> None:
        self._waiting: deque[Occurrence] = deque()
        self._filled = asyncio.Event()
        self._taken = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    async def put(self, occurrence: Occurrence) -> None:
        if occurrence.receipt:
            while self._waiting and _is_given_up(self._waiting[0]):
                self._waiting.popleft()
        else:
            while len(self._waiting) >= MAX_EVENTS:
                self._taken.clear()
                await self._taken.wait()
        self._waiting.append(occurrence)
        self._filled.set()

    async def some(self) -> Sequence[Occurrence]:
        """Wait for events and take what is there, at most a message full; nothing where none of it is wanted."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        taken = [self._waiting.popleft() for _ in range(min(EVENTS_PER_MESSAGE, len(self._waiting)))]
        self._taken.set()
        return [occurrence for occurrence in taken if not _is_given_up(occurrence)]
