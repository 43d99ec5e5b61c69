"""What picks series: matchers, selectors, and an index of many selectors by metric name.

Nothing here knows samples.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Generic, Literal, TypeVar

import msgspec

from engine.promql.regexp import compile_regexp
from schemas.labels import METRIC_NAME, Labels

LOOKBACK_MS = 5 * 60_000
"""How long the newest sample of a series stands for its value."""

_MANY_MATCHERS = 8
"""Of more matchers not every subset is tried."""

MatchOperator = Literal["=", "!=", "=~", "!~"]


class Matcher(msgspec.Struct, frozen=True):
    """`name op "value"`; regular expressions match the whole value. An absent label has the value `""`."""

    op: MatchOperator
    name: str
    value: str

    def accepts(self, value: str) -> bool:
        match self.op:
            case "=":
                return value == self.value
            case "!=":
                return value != self.value
            case "=~":
                return compile_regexp(self.value).fullmatch(value) is not None
            case "!~":
                return compile_regexp(self.value).fullmatch(value) is None


Matchers = tuple[Matcher, ...]
Pair = tuple[str, str] | None
"""A label and its value."""


def picks(matchers: Matchers, labels: Labels) -> bool:
    """Whether every matcher accepts the series."""
    values = dict(labels)
    return all(matcher.accepts(values.get(matcher.name, "")) for matcher in matchers)


def metric_name(labels: Labels) -> str:
    return next((value for name, value in labels if name == METRIC_NAME), "")


def exact_name(matchers: Matchers) -> str | None:
    """The metric name that every picked series has, None where it is open."""
    return next((m.value for m in matchers if m.name == METRIC_NAME and m.op == "=" and m.value), None)


def fixed_label(matchers: Matchers) -> Pair:
    """A label other than the name that every picked series has, with its value; None where there is none."""
    return next(((m.name, m.value) for m in matchers if m.op == "=" and m.value and m.name != METRIC_NAME), None)


Anchor = int | Literal["start", "end"] | None
"""What `@` says: a time (Unix milliseconds), the start or the end of the query; None where it is not said."""


class Selector(msgspec.Struct, frozen=True):
    """Matchers, and the time they look at: (t - offset - range, t - offset]. `range_ms` None is an instant selector.

    `t` is the moment of evaluation, or `anchor`. `within_ms` is how much earlier than the whole expression the selector
    may be evaluated, because it stands in a subquery. A placeholder that is not bound yet is left out of `matchers`:
    until then any value may come to stand there.
    """

    matchers: Matchers
    range_ms: int | None = None
    offset_ms: int = 0
    anchor: Anchor = None
    within_ms: int = 0

    @property
    def window_ms(self) -> int:
        """How far back from the moment of evaluation this selector needs samples; a fixed time does not count."""
        return (LOOKBACK_MS if self.range_ms is None else self.range_ms) + max(self.offset_ms, 0) + self.within_ms

    def picks(self, labels: Labels) -> bool:
        return picks(self.matchers, labels)


class Covered:
    """What many selectors together surely need; whether another needs more is found without trying them all."""

    def __init__(self, selectors: Iterable[Selector]) -> None:
        self._window_ms: dict[frozenset[Matcher], int] = {}
        for selector in selectors:
            matchers = frozenset(selector.matchers)
            self._window_ms[matchers] = max(selector.window_ms, self._window_ms.get(matchers, 0))

    def __contains__(self, selector: Selector) -> bool:
        """Whether one of them surely needs every sample that it needs: without further matchers, and as far back."""
        distinct = tuple(dict.fromkeys(selector.matchers))
        sizes = range(len(distinct), -1, -1) if len(distinct) <= _MANY_MATCHERS else (len(distinct), 1, 0)
        subsets = (frozenset(some) for size in sizes for some in combinations(distinct, size))
        return any(self._window_ms.get(some, -1) >= selector.window_ms for some in subsets)


T = TypeVar("T")


class SelectorIndex(Generic[T]):
    """Which of many selectors pick a series, each with something that belongs to it.

    Selectors are found by metric name and by one label that has to have one value, and equal ones are tried once. So
    the cost for a series follows the number of different selectors that may pick it.
    """

    def __init__(self, entries: Iterable[tuple[Selector, T]]) -> None:
        self._by_name: dict[str | None, dict[Pair, dict[Matchers, list[T]]]] = {}
        for selector, item in entries:
            family = self._by_name.setdefault(exact_name(selector.matchers), {})
            family.setdefault(fixed_label(selector.matchers), {}).setdefault(selector.matchers, []).append(item)

    def of_name(self, name: str) -> Iterator[T]:
        """What belongs to the selectors that can pick series of this metric name, as far as the name alone tells."""
        for family in (name, None):
            for alike in self._by_name.get(family, {}).values():
                for items in alike.values():
                    yield from items

    def of(self, labels: Labels) -> Iterator[T]:
        """What belongs to the selectors that pick this series."""
        for name in (metric_name(labels), None):
            if family := self._by_name.get(name):
                for pair in (None, *labels):
                    for matchers, items in family.get(pair, {}).items():
                        if picks(matchers, labels):
                            yield from items
