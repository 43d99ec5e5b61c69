"""Binary operators: arithmetic, comparison and the set operators."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.promql.fill import Filling
from engine.promql.grouping import NAMELESS
from engine.promql.index import Index, joined
from engine.promql.join import Aligner, Join, Matching
from engine.promql.moment import Moment
from engine.promql.nodes import LabelNames, Node, scalar_of, vector_of
from engine.promql.vector import EMPTY, Value, Vector, distinct

ARITHMETIC: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
COMPARISONS: dict[str, Callable[..., Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator between numbers. A comparison without `bool` filters: it keeps names and values."""

    function: Callable[..., Any]
    compares: bool
    filters: bool

    def on_vector(self, moment: Moment, vector: Vector, left: Any, right: Any) -> Vector:
        """`left op right` under the labels of `vector` or, of a filter, those elements of `vector` where it holds."""
        result = self.function(left, right)
        if self.filters:
            return vector.where(result)
        return moment.nameless(vector.with_values(result.astype(np.float64, copy=False)))


@dataclass
class ScalarBinary:
    """An operator between two scalars."""

    operator: Operator
    left: Node
    right: Node
    output_labels: LabelNames = frozenset()

    def evaluate(self, moment: Moment) -> Value:
        left, right = scalar_of(self.left, moment), scalar_of(self.right, moment)
        return float(self.operator.function(np.float64(left), np.float64(right)))


@dataclass
class MixedBinary:
    """An operator between a vector and a scalar; `vector_first` says which is on the left."""

    operator: Operator
    vector: Node
    scalar: Node
    vector_first: bool

    @property
    def output_labels(self) -> LabelNames:
        names = self.vector.output_labels
        return names if self.operator.filters else NAMELESS.closed(names)

    def evaluate(self, moment: Moment) -> Value:
        vector, scalar = vector_of(self.vector, moment), scalar_of(self.scalar, moment)
        left, right = (vector.values, scalar) if self.vector_first else (scalar, vector.values)
        return self.operator.on_vector(moment, vector, left, right)


class VectorBinary:
    """An operator between two vectors, element by matching element."""

    def __init__(
        self, operator: Operator, matching: Matching, fillings: Sequence[Filling | None], left: Node, right: Node
    ) -> None:
        self._operator = operator
        self._join = Join(matching, keeps_name=operator.compares)
        self._fill_left, self._fill_right = fillings
        self._left = left
        self._right = right

    @property
    def output_labels(self) -> LabelNames:
        return self._join.closed(self._left.output_labels, self._right.output_labels)

    def evaluate(self, moment: Moment) -> Value:
        left, right = vector_of(self._left, moment), vector_of(self._right, moment)
        filled_left = self._fill_left.fill(left, right) if self._fill_left else left
        filled_right = self._fill_right.fill(right, left) if self._fill_right else right
        pairs, partners = self._join.pair(filled_left, filled_right)
        if not self._operator.compares:  # the join has taken the name away, and may have taken over another
            return pairs.with_values(self._operator.function(pairs.values, partners))
        return self._operator.on_vector(moment, pairs, pairs.values, partners)


@dataclass
class Intersection:
    """`and`, and with `wanted` false `unless`: the left elements that have, or have not, a match on the right."""

    aligner: Aligner
    wanted: bool
    left: Node
    right: Node

    @property
    def output_labels(self) -> LabelNames:
        return self.left.output_labels

    def evaluate(self, moment: Moment) -> Value:
        left, right = vector_of(self.left, moment), vector_of(self.right, moment)
        alignment = self.aligner.align(left.index, right.index)
        there = np.zeros(len(alignment.groups), np.bool_)
        there[right.pick(alignment.right_codes)] = True
        return left.where(there[left.pick(alignment.left_codes)] == self.wanted)


@dataclass
class Union:
    """`or`: the left elements, and the right ones that have no match among them."""

    aligner: Aligner
    left: Node
    right: Node
    _of: tuple[Index, Index] = (EMPTY.index, EMPTY.index)
    _index: Index = EMPTY.index

    @property
    def output_labels(self) -> LabelNames:
        left, right = self.left.output_labels, self.right.output_labels
        return None if left is None or right is None else left | right

    def evaluate(self, moment: Moment) -> Value:
        left, right = vector_of(self.left, moment), vector_of(self.right, moment)
        alignment = self.aligner.align(left.index, right.index)
        there = np.zeros(len(alignment.groups), np.bool_)
        there[left.pick(alignment.left_codes)] = True
        added = right.where(~there[right.pick(alignment.right_codes)])
        if self._of[0] is not left.index or self._of[1] is not right.index:
            self._of = (left.index, right.index)
            self._index = joined(left.index, right.index)
        positions = np.concatenate([left.positions, added.positions + len(left.index)])
        return distinct(Vector(self._index, positions, np.concatenate([left.values, added.values])))
