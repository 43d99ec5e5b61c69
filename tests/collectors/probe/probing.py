"""The probe collector, run on what a test configures."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

from collectors.probe import collect
from collectors.probe.config import ProbeConfig
from schemas.labels import METRIC_NAME
from schemas.plugins import Reading, Samples
from tests.collectors.contexts import context

Readings = AsyncGenerator[Reading, None]
Found = dict[str, float]


@contextlib.asynccontextmanager
async def probing(folder: Path, *targets: dict[str, Any], **settings: Any) -> AsyncIterator[Readings]:
    """The readings of these targets, each at once again unless they say otherwise."""
    config = ProbeConfig.model_validate({"interval": "20ms", "targets": targets, **settings})
    async with contextlib.aclosing(collect(config, context(folder))) as readings:
        yield readings


async def probed(folder: Path, instance: str, module: dict[str, Any], **settings: Any) -> Found:
    """What the first probe of one target by this module finds."""
    target = {"targets": [instance], "module": "m", "timeout": "20s"}
    async with probing(folder, target, **{"modules": {"m": module}, **settings}) as readings:
        return found_in(await next_of(readings, instance))


async def next_of(readings: Readings, instance: str) -> Samples:
    """The next probe of the target."""
    async for reading in readings:
        assert isinstance(reading, Samples)
        if dict(reading.series[0])["instance"] == instance:
            return reading
    raise AssertionError("the collector ended")


def found_in(samples: Samples) -> Found:
    """Values by metric name, and by `name:value` of the first label that is its own."""
    found = {}
    for labels, value in zip(samples.series, samples.values, strict=True):
        own = [text for name, text in labels if name not in (METRIC_NAME, "instance", "job", "module")]
        found[":".join([dict(labels)[METRIC_NAME], *own])] = value
    return found
