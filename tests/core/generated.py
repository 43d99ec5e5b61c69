"""Series made up for rules that others wrote, so that each of their expressions has something to look at."""

import random
import re
from collections.abc import Iterable, Iterator

from engine.core.compiled import compile_program
from engine.core.program import Program
from engine.promql import Matcher, Selector, exact_name, picks
from schemas.labels import METRIC_NAME, Labels, canonical

_RESET, _MISSING, _ODD = 0.01, 0.02, 0.005
_BOUNDS = ("0.1", "1", "10", "+Inf")
_COUNTERS = re.compile("_(total|count|sum|bucket|seconds|bytes)$")


def series_for(program: Program) -> list[Labels]:
    """For each selector of the rules a series that it picks: as few as can be, and of a metric one on each instance."""
    wanted: dict[str, list[dict[str, str]]] = {}
    for rule in compile_program(program).rules.values():
        for selector in rule.plan.selectors:
            _want(wanted, selector)
    return sorted(set(_series(wanted)))


class Values:
    """What the series are, scrape by scrape: counters that grow and are reset at times, gauges that move."""

    def __init__(self, series: Iterable[Labels], seed: int) -> None:
        self._random = random.Random(seed)
        self._counts = {labels: _COUNTERS.search(dict(labels)[METRIC_NAME]) is not None for labels in series}
        self._values = {labels: self._random.uniform(0, 100) for labels in self._counts}

    def next(self) -> dict[int, float]:
        """The samples of the next scrape by position; now and then one is missing, or is no number."""
        for labels, counts in self._counts.items():
            grown = self._values[labels] + self._random.uniform(0, 50)
            moved = self._random.choice((0.0, 1.0, self._values[labels], self._random.uniform(-1, 1000)))
            self._values[labels] = (0.0 if self._random.random() < _RESET else grown) if counts else moved
        there = {at: value for at, value in enumerate(self._values.values()) if self._random.random() > _MISSING}
        return {at: float("nan") if self._random.random() < _ODD else value for at, value in there.items()}


def _want(wanted: dict[str, list[dict[str, str]]], selector: Selector) -> None:
    """A series for the selector: one that is there already where it can be."""
    labels = {matcher.name: _value(matcher) for matcher in selector.matchers}
    name = exact_name(selector.matchers) or labels.get(METRIC_NAME) or "something"
    known = wanted.setdefault(name, [])
    for others in known:
        if picks(selector.matchers, canonical(others | labels)) and all(
            others.get(each, value) == value for each, value in labels.items()
        ):
            others.update(labels | {METRIC_NAME: name})
            return
    known.append(labels | {METRIC_NAME: name})


def _series(wanted: dict[str, list[dict[str, str]]]) -> Iterator[Labels]:
    for name, series in wanted.items():
        for number, labels in enumerate(series):
            for bound in _BOUNDS if name.endswith("_bucket") else ("",):
                yield canonical({"instance": f"{number}:9100", "job": "x", "le": bound} | labels)


def _value(matcher: Matcher) -> str:
    """A value that the matcher accepts, if one is easily found."""
    pattern = matcher.value
    plain = re.sub(r"[()^$?]|\[[^]]*\]", "", re.sub(r"\\d|\[0-9\]", "5", pattern))
    found = [re.sub(r"\\(.)", r"\1", re.sub(r"\.[*+]|[*+]", "x", each)) for each in plain.split("|")]
    return next((value for value in (pattern, *found, "", "other") if matcher.accepts(value)), "")
