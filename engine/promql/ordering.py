"""The functions that only put elements in order. In a range query they do nothing, for series come in label order."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.promql.arrays import IntArray
from engine.promql.grouping import value_of
from engine.promql.moment import Moment
from engine.promql.nodes import LabelNames, Node, vector_of
from engine.promql.notes import SORT_IN_RANGE
from engine.promql.vector import Value, Vector
from schemas.labels import Labels

_DIGITS = re.compile(r"(\d+)")


@dataclass
class Sort:
    """The elements in the order that `order` gives."""

    order: Callable[[Vector], IntArray]
    child: Node

    @property
    def output_labels(self) -> LabelNames:
        return self.child.output_labels

    def evaluate(self, moment: Moment) -> Value:
        vector = vector_of(self.child, moment)
        if moment.evaluation.is_range:
            moment.evaluation.note(SORT_IN_RANGE)
            return vector
        return vector.taken(self.order(vector))


def by_value(vector: Vector) -> IntArray:
    return np.argsort(vector.values, kind="stable")  # NumPy sorts NaN to the end


def by_value_desc(vector: Vector) -> IntArray:
    return np.argsort(-vector.values, kind="stable")


def by_label(names: tuple[str, ...], descending: bool) -> Callable[[Vector], IntArray]:
    """By the values of these labels, numbers within them as numbers; then by all labels."""

    def order(vector: Vector) -> IntArray:
        labels = vector.labels
        keys = [(*(_natural(value_of(each, name)) for name in names), _all(each)) for each in labels]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__, reverse=descending), np.int64)

    return order


def _natural(value: str) -> tuple[tuple[int, str], ...]:
    parts = _DIGITS.split(value)
    return tuple((int(part), part) if nth % 2 else (-1, part) for nth, part in enumerate(parts))


def _all(labels: Labels) -> tuple[tuple[int, str], ...]:
    return tuple((-1, part) for pair in labels for part in pair)
