"""The modifiers `fill`, `fill_left` and `fill_right` of binary operators."""

import numpy as np

from engine.promql.index import Index, joined
from engine.promql.join import Aligner, Alignment
from engine.promql.vector import Vector


class Filling:
    """Adds to a vector, for each match group that only the other side has, an element with a fixed value."""

    def __init__(self, value: float, aligner: Aligner) -> None:
        self._value = value
        self._aligner = aligner
        self._of: Alignment | None = None
        self._index = Index(())

    def fill(self, vector: Vector, other: Vector) -> Vector:
        """The added elements have the labels of their match group."""
        alignment = self._aligner.align(vector.index, other.index)
        if self._of is not alignment:
            self._of, self._index = alignment, joined(vector.index, Index(alignment.groups))
        wanted = np.zeros(len(alignment.groups), np.bool_)
        wanted[other.pick(alignment.right_codes)] = True
        wanted[vector.pick(alignment.left_codes)] = False
        added = np.flatnonzero(wanted)
        positions = np.concatenate([vector.positions, added + len(vector.index)])
        return Vector(self._index, positions, np.concatenate([vector.values, np.full(len(added), self._value)]))
