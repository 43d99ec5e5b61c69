"""Aggregation over groups of labels: `sum by (a) (x)`."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.promql.arrays import FloatArray, IntArray
from engine.promql.fold import Fold
from engine.promql.formatting import decimal
from engine.promql.grouping import Grouping
from engine.promql.index import Index
from engine.promql.moment import Moment
from engine.promql.nodes import LabelNames, Node, scalar_of, vector_of
from engine.promql.notes import quantile_out_of_range
from engine.promql.vector import EMPTY, Value, Vector
from schemas.labels import Labels, canonical

AGGREGATIONS: dict[str, Callable[[Fold, FloatArray], FloatArray]] = {
    "avg": Fold.mean,
    "count": lambda fold, _: fold.counts.astype(np.float64),
    "group": lambda fold, _: np.ones(len(fold.counts)),
    "max": Fold.largest,
    "min": Fold.smallest,
    "stddev": lambda fold, values: np.sqrt(fold.variance(values)),
    "stdvar": Fold.variance,
    "sum": Fold.sum,
}


def folded(vector: Vector, grouping: Grouping) -> tuple[Index, IntArray | None, Fold]:
    """The groups of a vector's elements: their labels, which of these are there (None: all), and how to fold."""
    groups = vector.index.grouped(grouping)
    if vector.at is None:
        return groups.index, None, groups.fold
    # Only some elements of the index are there, so only some of its groups are.
    present, codes = np.unique(vector.pick(groups.codes), return_inverse=True)
    return groups.index, present, Fold(codes, len(present))


@dataclass
class Aggregate:
    operation: Callable[[Fold, FloatArray], FloatArray]
    grouping: Grouping
    child: Node

    @property
    def output_labels(self) -> LabelNames:
        return self.grouping.closed(self.child.output_labels)

    def evaluate(self, moment: Moment) -> Value:
        vector = vector_of(self.child, moment)
        index, present, fold = folded(vector, self.grouping)
        return Vector(index, present, self.operation(fold, vector.values))


@dataclass
class Quantile:
    """`quantile by (a) (phi, x)`."""

    phi: Node
    grouping: Grouping
    child: Node

    @property
    def output_labels(self) -> LabelNames:
        return self.grouping.closed(self.child.output_labels)

    def evaluate(self, moment: Moment) -> Value:
        vector, phi = vector_of(self.child, moment), scalar_of(self.phi, moment)
        if not 0 <= phi <= 1:
            moment.evaluation.note(quantile_out_of_range(phi))
        index, present, fold = folded(vector, self.grouping)
        return Vector(index, present, fold.quantile(vector.values, phi))


@dataclass
class CountValues:
    """`count_values by (a) ("label", x)`: how often each value occurs, which becomes a label."""

    label: str
    grouping: Grouping
    child: Node
    _index: Index = EMPTY.index

    @property
    def output_labels(self) -> LabelNames:
        names = self.grouping.closed(self.child.output_labels)
        return None if names is None else names | {self.label}

    def evaluate(self, moment: Moment) -> Value:
        vector = vector_of(self.child, moment)
        groups = vector.index.grouped(self.grouping)
        dropped = not self.grouping.by and self.label in self.grouping.names
        counts: Counter[Labels] = Counter()
        for code, value in zip(vector.pick(groups.codes).tolist(), vector.values.tolist(), strict=True):
            labels = groups.index.labels[code]
            counts[labels if dropped else canonical(dict(labels) | {self.label: decimal(value)})] += 1
        if tuple(counts) != self._index.labels:
            self._index = Index(tuple(counts))
        return Vector(self._index, None, np.array(list(counts.values()), np.float64))
