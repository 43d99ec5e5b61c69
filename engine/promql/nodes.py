"""The tree that an expression is planned into: what a node is, and the nodes that are not operators.

A node is planned once and evaluated often. What it keeps between evaluations only saves work.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from engine.promql.arrays import FloatArray
from engine.promql.index import NAMELESS, Index
from engine.promql.range_functions import RangeFunction
from engine.promql.selector import LOOKBACK_MS, Selector
from engine.promql.store import Selection, Store
from engine.promql.vector import EMPTY, Value, Vector, single
from engine.promql.window import Window, window
from schemas.labels import Labels
from schemas.samples import STALE_BITS

LabelNames = frozenset[str] | None
"""Label names that a result can have; None where they are not known."""


@dataclass
class Moment:
    """One evaluation: of which columns, at what time. Windows are cut once, however often they occur."""

    store: Store
    time_ms: int
    windows: dict[Selector, Window] = field(default_factory=dict)


class Node(Protocol):
    @property
    def output_labels(self) -> LabelNames: ...

    def evaluate(self, moment: Moment, /) -> Value: ...


def vector_of(node: Node, moment: Moment) -> Vector:
    """The value of a node that the parser has found to be an instant vector."""
    value = node.evaluate(moment)
    assert isinstance(value, Vector)
    return value


def scalar_of(node: Node, moment: Moment) -> float:
    """The value of a node that the parser has found to be a scalar."""
    value = node.evaluate(moment)
    assert not isinstance(value, Vector)
    return value


@dataclass
class Number:
    value: float
    output_labels: LabelNames = frozenset()

    def evaluate(self, _: Moment) -> Value:
        return self.value


@dataclass
class Time:
    """`time()`: seconds since the epoch."""

    output_labels: LabelNames = frozenset()

    def evaluate(self, moment: Moment) -> Value:
        return moment.time_ms / 1000


@dataclass
class ToVector:
    """`vector(scalar)`."""

    child: Node
    output_labels: LabelNames = frozenset()

    def evaluate(self, moment: Moment) -> Value:
        return single(scalar_of(self.child, moment))


@dataclass
class ToScalar:
    """`scalar(vector)`: NaN unless there is exactly one element."""

    child: Node
    output_labels: LabelNames = frozenset()

    def evaluate(self, moment: Moment) -> Value:
        values = vector_of(self.child, moment).values
        return float(values[0]) if len(values) == 1 else float("nan")


class _Selecting:
    """Keeps the selection of a selector alive, which the store shares among all rules that have the same one."""

    selector: Selector
    _held: Selection | None = None

    def select(self, store: Store) -> Selection:
        self._held = store.select(self.selector.matchers)
        return self._held


@dataclass
class InstantSelector(_Selecting):
    """The newest sample of each series within the lookback."""

    selector: Selector
    output_labels: LabelNames = None

    def evaluate(self, moment: Moment) -> Value:
        selection = self.select(moment.store)
        rows, rings = selection.rows, moment.store.rings
        end_ms = moment.time_ms - self.selector.offset_ms
        counts = rings.count_until(rows, end_ms)
        cells = rings.cells(rows, counts - 1)
        values = rings.values_of(cells)
        lives = (counts > 0) & (rings.times_of(cells) > end_ms - LOOKBACK_MS) & (values.view(np.uint64) != STALE_BITS)
        return Vector(selection.index, None, values).where(lives)


@dataclass
class RangeSelector(_Selecting):
    """The samples of each series within the range, for a range function."""

    selector: Selector

    def window(self, moment: Moment) -> tuple[Index, Window]:
        selection = self.select(moment.store)
        found = moment.windows.get(self.selector)
        if found is None:
            assert self.selector.range_ms is not None
            end_ms = moment.time_ms - self.selector.offset_ms
            found = window(moment.store.rings, selection.rows, end_ms - self.selector.range_ms, end_ms)
            moment.windows[self.selector] = found
        return selection.index, found


@dataclass
class RangeCall:
    """A range function over a range selector, such as `rate(x[5m])`."""

    function: RangeFunction
    range: RangeSelector
    scalars: tuple[Node, ...]
    output_labels: LabelNames = None

    def evaluate(self, moment: Moment) -> Value:
        index, found = self.range.window(moment)
        found = found.at_least(self.function.samples)
        if not len(found.counts):
            return Vector(index, np.empty(0, np.int64), np.empty(0))
        values = self.function.kernel(found, *(scalar_of(node, moment) for node in self.scalars))
        vector = Vector(index, found.at, values)
        return vector if self.function.keeps_name else vector.nameless()


@dataclass
class Map:
    """A function of each value by itself, such as `abs` or unary minus."""

    function: Callable[..., FloatArray]
    child: Node
    scalars: tuple[Node, ...] = ()

    @property
    def output_labels(self) -> LabelNames:
        return NAMELESS.closed(self.child.output_labels)

    def evaluate(self, moment: Moment) -> Value:
        value = self.child.evaluate(moment)
        scalars = [scalar_of(node, moment) for node in self.scalars]
        if not isinstance(value, Vector):
            return float(self.function(np.float64(value), *scalars))
        return value.with_values(self.function(value.values, *scalars)).nameless()


@dataclass
class Clamp:
    """`clamp(vector, least, greatest)`: nothing when the bounds contradict each other."""

    child: Node
    least: Node
    greatest: Node

    @property
    def output_labels(self) -> LabelNames:
        return NAMELESS.closed(self.child.output_labels)

    def evaluate(self, moment: Moment) -> Value:
        vector = vector_of(self.child, moment)
        least, greatest = scalar_of(self.least, moment), scalar_of(self.greatest, moment)
        if least > greatest:
            return EMPTY
        return vector.with_values(np.maximum(np.minimum(vector.values, greatest), least)).nameless()


class Absent:
    """`absent` and `absent_over_time`: one element with the labels that the selector demands, if there is nothing."""

    def __init__(self, child: Node, labels: Labels) -> None:
        self._child = child
        self._index = Index([labels])
        self.output_labels: LabelNames = frozenset(name for name, _ in labels)

    def evaluate(self, moment: Moment) -> Value:
        if len(vector_of(self._child, moment)):
            return EMPTY
        return Vector(self._index, None, np.ones(1))
