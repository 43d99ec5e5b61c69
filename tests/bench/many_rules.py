"""What rules cost that nothing concerns: 10,000 of which a hundred are touched, against that hundred alone.

The core in this process, told a story of samples every five seconds; everything counts that its steps do, evaluation at
least every `evaluation_interval` included.
"""

import gc
import time
import tracemalloc
from collections.abc import Sequence

from engine.core.messages import Activation, Body, Message
from engine.core.program import AlertRule, Program
from engine.core.state import State
from engine.core.step import step
from engine.runtime.batches import Batches
from schemas.control import Activate
from schemas.labels import METRIC_NAME, Labels, canonical
from schemas.plugins import Samples
from tests.bench.figures import Figure

TOUCHED = 100
MANY = 10_000
BEGIN_MS = 1_700_000_000_000
EVERY_MS = 5_000
TURNS = 12
"""A minute of scrapes."""
SCRAPES = 200
REPEAT = 3

MAX_RATIO = 2.0


async def run() -> list[Figure]:
    """The figures; nothing in here waits."""
    few, many = Story(TOUCHED), Story(MANY)
    scrapes = [(few.scrapes_ms(), many.scrapes_ms()) for _ in range(REPEAT)]  # in turn, for the machine is not alone
    minutes = [(few.minute_ms(), many.minute_ms()) for _ in range(REPEAT)]
    return [*_ratio("a scrape", scrapes), *_ratio("a minute of scrapes and time", minutes), _memory()]


def _ratio(what: str, costs: Sequence[tuple[float, float]]) -> list[Figure]:
    few_ms, many_ms = (min(column) for column in zip(*costs, strict=True))
    return [
        Figure(name=f"{what}, {TOUCHED} rules, all touched", measured=few_ms, unit="ms"),
        Figure(name=f"{what}, {MANY:,} rules, {TOUCHED} of them touched", measured=many_ms, unit="ms"),
        Figure(name=f"{what}, many rules against few", measured=many_ms / few_ms, unit="times", limit=MAX_RATIO),
    ]


def _memory() -> Figure:
    tracemalloc.start()
    story = Story(MANY)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert story.state.program.alerts
    return Figure(name="memory of a rule and its series", measured=held / MANY, unit="bytes")


class Story:
    """A core with `count` rules, each over a metric of its own that has been seen once; a hundred go on being seen."""

    def __init__(self, count: int) -> None:
        self.state = State()
        self._seq = 0
        self._now_ms = BEGIN_MS
        self._turn = 0
        self._all = [canonical({METRIC_NAME: f"bench_{number:05}_total", "job": "bench"}) for number in range(count)]
        self._batches = Batches()
        self._tell(Activation(Activate(id="1", by="bench", bundle="bench"), _program(count)))
        self._scrape(self._all, Batches())
        self.minute_ms()

    def scrapes_ms(self) -> float:
        """CPU time of a scrape, when many come at once."""
        started_s = time.process_time()
        for _ in range(SCRAPES):
            self._now_ms += 1
            self._scrape(self._all[:TOUCHED], self._batches)
        return (time.process_time() - started_s) * 1000 / SCRAPES

    def minute_ms(self) -> float:
        """CPU time of a minute, with all that comes due in it."""
        started_s = time.process_time()
        for _ in range(TURNS):
            self._now_ms += EVERY_MS
            self._scrape(self._all[:TOUCHED], self._batches)
        return (time.process_time() - started_s) * 1000

    def _scrape(self, series: Sequence[Labels], source: Batches) -> None:
        self._turn += 1
        reading = Samples(self._now_ms, series, [float(self._turn)] * len(series))
        for batch in source.of(reading):
            self._tell(batch)

    def _tell(self, body: Body) -> None:
        self._seq += 1
        step(self.state, Message(self._seq, self._now_ms, body))


def _program(count: int) -> Program:
    alerts = (
        AlertRule(
            id=str(number),
            group=f"group {number}",
            name=f"Rule{number}",
            expr=f"rate(bench_{number:05}_total[1m]) > 100",
            source="bench",
            place=number,
        )
        for number in range(count)
    )
    return Program(digest="bench", alerts=tuple(alerts))
