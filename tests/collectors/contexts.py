"""What a collector is run with in these tests."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from collectors.formats import FORMATS
from collectors.formats.model import Parser
from collectors.log.counts import Counts
from collectors.log.event import LineEvents, Log
from collectors.log.identity import FileIdentity
from collectors.log.lines import Line
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
    """The next event; what the collector says of itself now and then is passed over."""
    async for reading in readings:
        if isinstance(reading, Occurrence):
            return reading
    raise AssertionError("the collector ended")


def parser(name: str, **settings: Any) -> Parser:
    """The format of that name."""
    found = FORMATS[name]
    return found.build(found.settings(**settings))


def line_event(node: str, path: str, identity: FileIdentity, line: Line, now_ms: int) -> Event:
    """The event of a line of which nothing is known."""
    (event,) = LineEvents(Log(node, path, parser("plain"), Counts(path, "plain"))).feed(identity, line, now_ms)
    return event


def by_text(samples: Samples) -> dict[str, float]:
    """Values by series, written as Prometheus writes them."""
    return {text(series): value for series, value in zip(samples.series, samples.values, strict=True)}


def by_name(samples: Samples) -> dict[str, float]:
    """Values by metric name, for scrapes with one series of each."""
    return {dict(series)[METRIC_NAME]: value for series, value in zip(samples.series, samples.values, strict=True)}
