"""What both sides are given: 20,000 series that move by rule of the round, and the rules over them. Pure.

A round is `INTERVAL_S` long. Every value is a function of series and round, so that whoever scrapes once a round, at
whatever moment of it, sees the same sequence.
"""

from collections.abc import Iterator
from typing import NamedTuple

INTERVAL_S = 5
TARGETS = 20
GROUPS = 50
"""Values of the label `i`, which the sums are by."""
RESET_AFTER = 240
"""Rounds after which a counter begins at zero again, so that in every minute one in twenty does."""
RARE = 499
"""One in so many series of a metric breaks a rule."""


class Family(NamedTuple):
    """A metric, and how many series of it each target has."""

    name: str
    width: int


FAMILIES = (Family("bench_requests_total", 650), Family("bench_errors_total", 175), Family("bench_calls_total", 175))
SERIES = TARGETS * sum(family.width for family in FAMILIES)


class Rule(NamedTuple):
    """An alert rule in two parts: what is computed, and the comparison that makes it an alert."""

    name: str
    value: str
    breaks: str


RULES = (
    Rule("RateHigh", "rate(bench_requests_total[1m])", "> 100"),
    Rule("ErrorsHigh", "sum by (i) (rate(bench_errors_total[1m])) / sum by (i) (rate(bench_calls_total[1m]))", "> 10"),
    Rule("Shrunk", "max_over_time(bench_requests_total[1m]) - min_over_time(bench_requests_total[1m])", "< 0"),
)


def page(target: int, turn: int) -> str:
    """What `target` exposes in round `turn`."""
    return "".join(_lines(target, turn))


def _lines(target: int, turn: int) -> Iterator[str]:
    for family in FAMILIES:
        yield f"# HELP {family.name} What a benchmark counts.\n# TYPE {family.name} counter\n"
        for number in range(target * family.width, (target + 1) * family.width):
            labels = f'handler="/api/v1/items/{number:05}",method="GET",code="200",i="{number % GROUPS}"'
            yield f"{family.name}{{{labels}}} {_value(family.name, number, turn)!r}\n"


def _value(metric: str, number: int, turn: int) -> float:
    return (turn + 7 * number) % RESET_AFTER * _step(metric, number)


def _step(metric: str, number: int) -> float:
    """How much a counter grows in a round: whole numbers, and every fourth tenths, which no float is."""
    step = float(1 + number % 40) * (0.1 if number % 4 == 0 else 1.0)
    match metric:
        case "bench_requests_total" if number % RARE < 2:
            return 1000.0 * (number % RARE)  # one that stands still, and one that runs
        case "bench_errors_total" if number % GROUPS == 1:
            return 1000.0 * step
    return step
