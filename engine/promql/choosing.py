"""Aggregations that choose among the elements of a group instead of combining them: `topk` and its like."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.promql.arrays import FloatArray, IntArray
from engine.promql.errors import PromqlError
from engine.promql.formatting import shortest
from engine.promql.grouping import Grouping
from engine.promql.moment import Moment
from engine.promql.nodes import LabelNames, Node, scalar_of, vector_of
from engine.promql.notes import ratio_out_of_range
from engine.promql.vector import Value
from schemas.labels import Labels

Order = Callable[[FloatArray], FloatArray]
"""What elements are ordered by, the wanted ones first."""

ORDERS: dict[str, Order] = {
    "bottomk": lambda values: values,
    "limitk": np.zeros_like,
    "topk": np.negative,
}


@dataclass
class FirstOfEach:
    """The first `count` elements of each group by this order, NaN last, in this order."""

    order: Order
    count: Node
    grouping: Grouping
    child: Node

    @property
    def output_labels(self) -> LabelNames:
        return self.child.output_labels

    def evaluate(self, moment: Moment) -> Value:
        vector, count = vector_of(self.child, moment), _count(scalar_of(self.count, moment))
        codes = vector.pick(vector.index.grouped(self.grouping).codes)
        order = np.lexsort((self.order(vector.values), codes))  # NumPy sorts NaN to the end
        return vector.taken(order[_nth_of_its_group(codes[order]) < count])


def _count(count: float) -> int:
    if math.isnan(count):
        raise PromqlError("Parameter value is NaN")
    if not -(2.0**63) <= count < 2.0**63:
        raise PromqlError(f"Scalar value {shortest(count)} overflows int64")
    return int(count)


def _nth_of_its_group(codes: IntArray) -> IntArray:
    """For sorted group codes, the place of each element within its group."""
    begins = np.searchsorted(codes, codes)
    nth: IntArray = np.arange(len(codes)) - begins
    return nth


@dataclass
class LimitRatio:
    """`limit_ratio(r, x)`: that share of all series, always the same ones; `r - 1` are the others.

    Which ones they are is decided by a digest of the labels, though not by the one that Prometheus takes.
    """

    ratio: Node
    child: Node

    @property
    def output_labels(self) -> LabelNames:
        return self.child.output_labels

    def evaluate(self, moment: Moment) -> Value:
        vector, ratio = vector_of(self.child, moment), scalar_of(self.ratio, moment)
        if math.isnan(ratio):
            raise PromqlError("Ratio value is NaN")
        capped = min(max(ratio, -1.0), 1.0)
        if capped != ratio:
            moment.evaluation.note(ratio_out_of_range(ratio, capped))
        shares = np.array([_share(labels) for labels in vector.labels], np.float64)
        return vector.where(shares < capped if capped >= 0 else shares >= 1 + capped)


def _share(labels: Labels) -> float:
    """Where in [0, 1) a series lies."""
    digest = hashlib.blake2b("\0".join(part for pair in labels for part in pair).encode(), digest_size=6).digest()
    return int.from_bytes(digest) / 2**48
