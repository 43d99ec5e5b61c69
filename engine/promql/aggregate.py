"""Aggregation over groups of labels: `sum by (a) (x)`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.promql.arrays import FloatArray
from engine.promql.fold import Fold
from engine.promql.index import Grouping
from engine.promql.nodes import LabelNames, Moment, Node, vector_of
from engine.promql.vector import Value, Vector

AGGREGATIONS: dict[str, Callable[[Fold, FloatArray], FloatArray]] = {
    "avg": Fold.mean,
    "count": lambda fold, _: fold.counts.astype(np.float64),
    "group": lambda fold, _: np.ones(len(fold.counts)),
    "max": Fold.largest,
    "min": Fold.smallest,
    "sum": Fold.sum,
}


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
        groups = vector.index.grouped(self.grouping)
        if vector.at is None:
            return Vector(groups.index, None, self.operation(groups.fold, vector.values))
        # Only some elements of the index are there, so only some of its groups are.
        present, codes = np.unique(vector.pick(groups.codes), return_inverse=True)
        return Vector(groups.index, present, self.operation(Fold(codes, len(present)), vector.values))
