"""What an occurrence costs a correlation of each type, and that it costs the same with 10,000 groups as with one.

Beside it, in the same run, the least that anybody would do: a deque of times for each key of a dict.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engine.sigma.correlate import Correlator
from engine.sigma.correlate_model import Limits, Occurred
from engine.sigma.model import Correlation, CorrelationType, Threshold
from tests.bench.figures import Figure

BEGIN_MS = 1_700_000_000_000
SPAN_MS = 300_000
EVERY_MS = 5
WARM = 10_000
MEASURED = 20_000
REPEAT = 3
FEW, SOME, MANY = 1, 1_000, 10_000

MAX_RATIO = 20.0
"""Of `event_count`, against the dict of deques."""
MAX_GROWTH = 2.0

NEVER = "never"
"""A rule that no event fits."""

Tell = Callable[[Sequence[Occurred]], None]


def _correlation(kind: CorrelationType, *rules: str, least: float = 1e12, **says: Any) -> Correlation:
    """One that does not hold, so that what is measured is what most events cost."""
    thresholds = () if kind == "absence" else (Threshold("gte", least),)
    return Correlation(
        type=kind, rules=rules or ("a",), timespan_ms=SPAN_MS, group_by=("user",), thresholds=thresholds, **says
    )


TYPES = {
    "event_count": _correlation("event_count", least=100_000),
    "event_count, raised by each": _correlation("event_count", least=1),
    "value_count": _correlation("value_count", least=100, fields=("port",)),
    "temporal": _correlation("temporal", "a", "b", "c", NEVER, least=4),
    "temporal_ordered": _correlation("temporal_ordered", "a", "b", "c", NEVER, least=4),
    "value_sum": _correlation("value_sum", fields=("bytes",)),
    "value_avg": _correlation("value_avg", fields=("bytes",)),
    "value_percentile": _correlation("value_percentile", fields=("bytes",), percentile=95),
    "value_median": _correlation("value_median", fields=("bytes",)),
    "absence": _correlation("absence"),
}


async def run() -> list[Figure]:
    """The figures; nothing in here waits."""
    bare_us = _best_us(_bare, ("a",), SOME)
    figures = [Figure(name=f"a dict of deques, {SOME:,} groups", measured=bare_us, unit="us")]
    for name, says in TYPES.items():
        figures += _figures(name, says, bare_us)
    return figures


def _figures(name: str, says: Correlation, bare_us: float) -> Iterator[Figure]:
    few_us, some_us, many_us = (_best_us(lambda: _teller(says), says.rules, groups) for groups in (FEW, SOME, MANY))
    limit = MAX_RATIO if name == "event_count" else None
    yield Figure(name=f"{name}, {SOME:,} groups", measured=some_us, unit="us")
    yield Figure(name=f"{name} against a dict of deques", measured=some_us / bare_us, unit="times", limit=limit)
    yield Figure(name=f"{name}, {MANY:,} groups against one", measured=many_us / few_us, unit="times", limit=MAX_GROWTH)


def _best_us(make: Callable[[], Tell], rules: Sequence[str], groups: int) -> float:
    """CPU time of one occurrence, the best of some rounds: the machine is not alone."""
    fitting = [rule for rule in rules if rule != NEVER]
    told = [
        Occurred(
            fitting[number % len(fitting)],
            {"user": f"user{number % groups}", "port": number * 7 % 97, "bytes": number * 31 % 5_000 + 0.5},
            BEGIN_MS + number * EVERY_MS,
            f"node{number % 10}",
            f"event{number}",
        )
        for number in range(WARM + MEASURED)
    ]
    return min(_round_us(make(), told) for _ in range(REPEAT))


def _round_us(tell: Tell, told: Sequence[Occurred]) -> float:
    tell(told[:WARM])
    started_s = time.process_time()
    tell(told[WARM:])
    return (time.process_time() - started_s) * 1_000_000 / MEASURED


def _teller(says: Correlation) -> Tell:
    correlator = Correlator({"bench": says}, Limits())

    def tell(told: Sequence[Occurred]) -> None:
        for occurred in told:
            correlator.observe(occurred, occurred.time_ms)

    return tell


def _bare() -> Tell:
    windows: dict[str, deque[int]] = {}

    def observe(occurred: Occurred) -> int:
        key = occurred.data["user"]
        window = windows.get(key)
        if window is None:
            window = windows[key] = deque()
        window.append(occurred.time_ms)
        while window[0] <= occurred.time_ms - SPAN_MS:
            window.popleft()
        return len(window)

    def tell(told: Sequence[Occurred]) -> None:
        for occurred in told:
            observe(occurred)

    return tell
