"""The background load, a process of its own: first one sample of every series, then 1,000 samples a second for ever.

The series are those of 500 nodes with 100 metrics each; the nodes report in turn, ten a second.
"""

import asyncio
import itertools
import sys
import time
from pathlib import Path

from engine.runtime import credentials
from engine.runtime.batches import Batches
from engine.runtime.bus import Bus
from engine.runtime.publishing import now_ms
from schemas import subjects
from schemas.codec import encode
from schemas.labels import METRIC_NAME, canonical
from schemas.plugins import Samples
from tests.bench.site import NODE

NODES = 500
METRICS = 100
SERIES = NODES * METRICS
BATCHES_PER_S = 10
SAMPLES_PER_S = BATCHES_PER_S * METRICS
ZONES = 10
SUBJECT = subjects.metrics(NODE, "load")


def main() -> None:
    """Run until stopped, with the credentials file that is named on the command line."""
    asyncio.run(_run(Path(sys.argv[1])))


async def _run(credentials_file: Path) -> None:
    bus = await Bus.connect(*credentials.load(credentials_file).access("agent"), name="bench-load")
    reports = [Report(node) for node in range(NODES)]
    for report in reports:
        await bus.publish(SUBJECT, report.next())
    due_s = time.monotonic()
    while True:
        for report in reports:
            await bus.publish(SUBJECT, report.next())
            due_s += 1 / BATCHES_PER_S
            await asyncio.sleep(due_s - time.monotonic())


class Report:
    """What one node reports: every metric once, with a value that moves."""

    def __init__(self, node: int) -> None:
        where = {"node": f"n{node:03}", "zone": f"z{node % ZONES}"}
        self._series = [canonical(where | {METRIC_NAME: f"bench_load_{metric:02}"}) for metric in range(METRICS)]
        self._turns = itertools.count()
        self._batches = Batches()

    def next(self) -> bytes:
        """The next scrape, as it is published."""
        turn = next(self._turns)
        values = [float(turn + metric) for metric in range(METRICS)]
        (batch,) = self._batches.of(Samples(now_ms(), self._series, values))
        return encode(batch)


if __name__ == "__main__":
    main()
