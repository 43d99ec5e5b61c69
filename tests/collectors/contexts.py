"""What a collector is run with in these tests."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from schemas.events import Event
from schemas.labels import METRIC_NAME, text
from schemas.plugins import CollectorContext, Occurrence, Reading, Samples

NODE = "n1"


async def no_event(source: str) -> Event | None:
    """A journal without events of this node."""
    return None


def context(
    state_dir: Path,
    *,
    interval_s: float = 0.01,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    last_event: Callable[[str], Awaitable[Event | None]] = no_event,
) -> CollectorContext:
    return CollectorContext(NODE, state_dir, interval_s, now_ms, last_event)


async def next_samples(readings: AsyncIterator[Reading], source: str | None = None) -> Samples:
    """The next scrape of `source`."""
    async for reading in readings:
        if isinstance(reading, Samples) and reading.source == source:
            return reading
    raise AssertionError("the collector ended")


async def next_occurrence(readings: AsyncIterator[Reading]) -> Occurrence:
    reading = await anext(readings)
    assert isinstance(reading, Occurrence)
    return reading


def by_text(samples: Samples) -> dict[str, float]:
    """Values by series, written as Prometheus writes them."""
    return {text(series): value for series, value in zip(samples.series, samples.values, strict=True)}


def by_name(samples: Samples) -> dict[str, float]:
    """Values by metric name, for scrapes with one series of each."""
    return {dict(series)[METRIC_NAME]: value for series, value in zip(samples.series, samples.values, strict=True)}
