"""Correlations to try, and a story to tell them: seconds in, what is raised out."""

from collections.abc import Mapping
from typing import Any, Literal

from engine.sigma.correlate import Correlator
from engine.sigma.correlate_model import Ended, Limits, Occurred, Raised, Result
from engine.sigma.model import Correlation, CorrelationType, Threshold

START_MS = 1_700_000_000_000
MINUTE_S = 60
LATENESS_S = 10
OPERATORS: tuple[Literal["lt", "lte", "gt", "gte", "eq", "neq"], ...] = ("lt", "lte", "gt", "gte", "eq", "neq")


def correlation(
    kind: CorrelationType, *rules: str, by: str = "user", span_s: float = MINUTE_S, **says: Any
) -> Correlation:
    """By default of rule `login`, in windows of a minute; comparisons as `gte=3`."""
    return Correlation(
        type=kind,
        rules=rules or ("login",),
        timespan_ms=round(span_s * 1000),
        group_by=tuple(by.split()),
        thresholds=tuple(Threshold(op, says.pop(op)) for op in OPERATORS if op in says),
        **says,
    )


class Story:
    """One correlator. Times are seconds since it began; each event has an id of its own and comes when it happens."""

    def __init__(self, limits: Limits | None = None, /, **rules: Correlation) -> None:
        self.limits = limits or Limits(lateness_ms=LATENESS_S * 1000)
        self.rules: Mapping[str, Correlation] = rules
        self.correlator = Correlator(rules, self.limits)
        self.now_s = 0.0
        self._events = 0

    def tell(
        self, rule: str = "login", at: float | None = None, *, node: str = "n1", again: bool = False, **data: Any
    ) -> list[Result]:
        """An event that fits the rule; `again` is the event before, under another rule."""
        at = self.now_s if at is None else at
        self.now_s = max(self.now_s, at)
        self._events += not again
        occurred = Occurred(rule, {"user": "ann"} | data, ms(at), node, f"e{self._events}")
        return [*self.wait(self.now_s), *self.correlator.observe(occurred, ms(self.now_s))]

    def every(self, *times_s: float, rule: str = "login", **data: Any) -> list[Result]:
        """The same event at each of the times."""
        return [result for at in times_s for result in self.tell(rule, at, **data)]

    def wait(self, until_s: float) -> list[Result]:
        self.now_s = until_s
        return list(self.correlator.due(ms(until_s)))


def ms(seconds: float) -> int:
    return START_MS + round(seconds * 1000)


def when(results: list[Result], rule: str | None = None) -> list[float]:
    """In seconds, when something was raised."""
    wanted = [each for each in results if isinstance(each, Raised) and rule in (None, each.rule)]
    return [(each.time_ms - START_MS) / 1000 for each in wanted]


def values(results: list[Result]) -> list[float]:
    return [each.value for each in results if isinstance(each, Raised)]


def groups(results: list[Result]) -> list[dict[str, str]]:
    return [dict(each.group) for each in results]


def ended(results: list[Result]) -> list[Ended]:
    return [each for each in results if isinstance(each, Ended)]
