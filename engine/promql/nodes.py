"""The tree that an expression is planned into: what a node is, and the simplest ones.

A node is planned once and evaluated often. What it keeps between evaluations only saves work.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.promql.arrays import FloatArray
from engine.promql.functions import larger, smaller
from engine.promql.grouping import NAMELESS
from engine.promql.index import Index
from engine.promql.moment import Moment
from engine.promql.vector import EMPTY, Value, Vector, single
from schemas.labels import Labels

LabelNames = frozenset[str] | None
"""Label names that a result can have; None where they are not known."""


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
class Clock:
    """A scalar that the moment alone decides, such as `time()`."""

    seconds: Callable[[Moment], float]
    output_labels: LabelNames = frozenset()

    def evaluate(self, moment: Moment) -> Value:
        return self.seconds(moment)


CLOCKS: dict[str, Callable[[Moment], float]] = {
    "end": lambda moment: moment.evaluation.end_ms / 1000,
    "range": lambda moment: (moment.evaluation.end_ms - moment.evaluation.start_ms) / 1000,
    "start": lambda moment: moment.evaluation.start_ms / 1000,
    "step": lambda moment: moment.evaluation.step_ms / 1000,
    "time": lambda moment: moment.time_ms / 1000,
}


@dataclass
class OfScalars:
    """A function of scalars alone, such as `min_of`."""

    function: Callable[..., float]
    scalars: tuple[Node, ...]
    output_labels: LabelNames = frozenset()

    def evaluate(self, moment: Moment) -> Value:
        return self.function(*(scalar_of(node, moment) for node in self.scalars))


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
        return moment.nameless(value.with_values(self.function(value.values, *scalars)))


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
        return moment.nameless(vector.with_values(larger(smaller(vector.values, greatest), least)))


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
