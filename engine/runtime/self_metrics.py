"""Every role is a source of metrics like any other: what it counts and measures of itself goes into the journal.

So rules watch Reflexarc as they watch everything else, and what they decide about it can be replayed. One message an
interval; nothing here decides, and nothing that is decided reads a counter but through the journal.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from prometheus_client.metrics_core import Metric

from engine.runtime import metrics
from engine.runtime.batches import Batches
from engine.runtime.bus import Bus
from engine.runtime.publishing import now_ms
from schemas import subjects
from schemas.codec import encode
from schemas.labels import METRIC_NAME, Labels, canonical
from schemas.plugins import Samples

JOB = "reflexarc"
EVERY_S = 5.0

Measure = Callable[[], Iterable[Metric]]
"""What a role measures at the moment of a reading, beside what it counts."""


def nothing_more() -> Iterable[Metric]:
    """Of a role that only counts."""
    return ()


class SelfMetrics:
    """The metrics of one role of one node, under `job="reflexarc"`, `instance=<node>` and `role`."""

    def __init__(self, bus: Bus, role: str, node: str, measure: Measure = nothing_more) -> None:
        self._bus = bus
        self._subject = subjects.metrics(node, subjects.own_source(role))
        self._counted = metrics.OF_ROLE[role]
        self._measure = measure
        self._common = {"job": JOB, "instance": node, "role": role}

    async def publish(self, every_s: float) -> None:
        """Publish a reading now and every `every_s` seconds, until cancelled."""
        batches = Batches()
        while True:
            for batch in batches.of(self.reading(now_ms())):
                await self._bus.publish(self._subject, encode(batch))
            await asyncio.sleep(every_s)

    def reading(self, time_ms: int) -> Samples:
        """Everything as it is now, and `up`, which is 1 for as long as there is somebody to say so."""
        samples = dict(self._samples())
        return Samples(time_ms, tuple(samples), tuple(samples.values()))

    def _samples(self) -> Iterator[tuple[Labels, float]]:
        yield self._series("up", {}), 1.0
        for family in chain(chain.from_iterable(each.collect() for each in self._counted), self._measure()):
            for sample in family.samples:
                if not sample.name.endswith("_created"):
                    yield self._series(sample.name, sample.labels), sample.value

    def _series(self, name: str, labels: dict[str, str]) -> Labels:
        return canonical({**labels, **self._common, METRIC_NAME: name})
