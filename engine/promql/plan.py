"""An expression, planned once: what it looks at, what it can yield, and its value at a moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import promql_parser as ast

from engine.promql.arrays import IntArray
from engine.promql.nodes import LabelNames, Moment
from engine.promql.planning import Planner, parse
from engine.promql.selector import LOOKBACK_MS, Selector, SelectorIndex
from engine.promql.store import Store
from engine.promql.vector import Vector, single
from schemas.labels import Labels
from schemas.samples import STALE_BITS


@dataclass(frozen=True, slots=True)
class Freshness:
    """How recent the samples are that an expression rests on: over all series that it selects now.

    `newest_ms` is the oldest among the newest sample times of the series, 0 without series. `interval_ms` is the
    largest gap between a series' last two samples, 0 where no series has two.
    """

    series: int
    newest_ms: int
    interval_ms: int


class Plan:
    """A planned expression. It keeps no data, only what saves work: any store can be asked at any time."""

    def __init__(self, text: str, tree: ast.Expr, bindings: Mapping[str, str] | None = None) -> None:
        planner = Planner(bindings)
        self.text = text
        self._tree = tree
        self._root = planner.plan(tree)
        self.selectors: tuple[Selector, ...] = tuple(dict.fromkeys(planner.selectors))
        self.placeholders: frozenset[str] = frozenset(planner.placeholders)

    @cached_property
    def output_labels(self) -> LabelNames:
        """Every label name that a result can have, as far as the expression says; None where any may occur."""
        return self._root.output_labels

    def bind(self, labels: Mapping[str, str]) -> "Plan":
        """The plan with each placeholder replaced by the value of that label.

        Raises `PromqlError` when a label is missing. Values are put into the parsed tree, so they can hold anything.
        """
        return Plan(self.text, self._tree, labels) if self.placeholders else self

    def evaluate(self, store: Store, time_ms: int) -> Vector:
        """The instant value; a scalar is one element without labels. Elements come in an order that only the labels
        decide.

        Raises `PromqlError` where the data leave no result, such as many-to-many matching.
        """
        assert not self.placeholders, f"placeholders are not bound: {sorted(self.placeholders)}"
        with np.errstate(all="ignore"):
            value = self._root.evaluate(Moment(store, time_ms))
        return value if isinstance(value, Vector) else single(value)

    def freshness(self, store: Store, time_ms: int) -> Freshness:
        """Over the series with a newest sample that is within the lookback and not a staleness marker."""
        assert not self.placeholders, f"placeholders are not bound: {sorted(self.placeholders)}"
        picked = [store.select(selector.matchers).rows for selector in self.selectors]
        return _freshness(store, np.unique(np.concatenate([np.empty(0, np.int64), *picked])), time_ms)


def _freshness(store: Store, rows: IntArray, time_ms: int) -> Freshness:
    rings = store.rings
    counts = rings.count_until(rows, time_ms)
    newest = rings.cells(rows, counts - 1)
    stale = rings.values_of(newest).view(np.uint64) == STALE_BITS
    lives = (counts > 0) & ~stale & (rings.times_of(newest) > time_ms - LOOKBACK_MS)
    if not lives.any():
        return Freshness(series=0, newest_ms=0, interval_ms=0)
    newest_ms = rings.times_of(newest[lives])
    gaps = newest_ms - rings.times_of(rings.cells(rows[lives], counts[lives] - 2))
    return Freshness(
        series=int(lives.sum()),
        newest_ms=int(newest_ms.min()),
        interval_ms=int(gaps.max(where=counts[lives] > 1, initial=0)),
    )


def compile_expr(text: str) -> Plan:
    """Raises `PromqlError`: the parse error, or what is not supported."""
    return Plan(text, parse(text))


class Triggers:
    """Which plans to evaluate when samples of some series have come."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        self._index: SelectorIndex[int] = SelectorIndex(
            (selector, number) for number, plan in enumerate(plans) for selector in plan.selectors
        )

    def of(self, series: Iterable[Labels]) -> tuple[int, ...]:
        """The sorted numbers of the plans one of whose selectors picks one of the series."""
        return tuple(sorted({number for labels in series for number in self._index.of(labels)}))
