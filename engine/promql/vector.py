"""What an expression evaluates to: values beside label sets, or one float for a scalar."""

from collections.abc import Iterator, Sequence

import numpy as np

from engine.promql.arrays import BoolArray, FloatArray, IntArray
from engine.promql.errors import PromqlError
from engine.promql.index import ONE, Index
from schemas.labels import Labels


class Vector:
    """`values[i]` belongs to `index.labels[at[i]]`, or to `index.labels[i]` where `at` is None (all of the index).

    A filter makes another `at` and leaves the index, and with it everything derived from it, as it was.
    """

    __slots__ = ("at", "index", "values")

    def __init__(self, index: Index, at: IntArray | None, values: FloatArray) -> None:
        assert len(values) == (len(index) if at is None else len(at))
        self.index = index
        self.at = at
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    @property
    def labels(self) -> Sequence[Labels]:
        if self.at is None:
            return self.index.labels
        return [self.index.labels[i] for i in self.at.tolist()]

    def items(self) -> Iterator[tuple[Labels, float]]:
        return zip(self.labels, self.values.tolist(), strict=True)

    def pick(self, column: IntArray) -> IntArray:
        """Of a column over the whole index, what belongs to this vector's elements."""
        return column if self.at is None else column[self.at]

    @property
    def positions(self) -> IntArray:
        """Where in the index each element is."""
        return np.arange(len(self.index)) if self.at is None else self.at

    def where(self, keep: BoolArray) -> "Vector":
        """Only the elements where `keep` is true."""
        if keep.all():
            return self
        positions = np.flatnonzero(keep)
        return Vector(self.index, positions if self.at is None else self.at[positions], self.values[positions])

    def taken(self, order: IntArray) -> "Vector":
        """The elements at these places, in this order."""
        return Vector(self.index, self.positions[order], self.values[order])

    def with_values(self, values: FloatArray) -> "Vector":
        return Vector(self.index, self.at, values)

    def has_duplicates(self) -> bool:
        """Whether two elements have the same labels."""
        if self.index.distinct:
            return False
        codes = self.pick(self.index.codes)
        return len(np.unique(codes)) < len(codes)

    def on(self, index: Index) -> "Vector":
        """The same values under other labels; `index` has the same positions."""
        return Vector(index, self.at, self.values)

    def settled(self) -> "Vector":
        """Without the names that were to be removed in the end. Raises `PromqlError` when two elements become
        the same."""
        return self if self.index.unnamed is None else distinct(self.on(self.index.settled))


Value = Vector | float
EMPTY = Vector(Index([]), None, np.empty(0))


def single(value: float) -> Vector:
    """One element without labels."""
    return Vector(ONE, None, np.array([value], np.float64))


def distinct(vector: Vector) -> Vector:
    """`vector`, of which no two elements may have the same labels."""
    if vector.has_duplicates():
        raise PromqlError("vector cannot contain metrics with the same labelset")
    return vector


def in_order(index: Index, at: IntArray | None, values: FloatArray) -> Vector:
    """The vector whose elements at these positions, in whatever order, have these values."""
    if at is None:
        return Vector(index, None, values)
    if len(at) == len(index):
        ordered = np.empty_like(values)
        ordered[at] = values
        return Vector(index, None, ordered)
    order = np.argsort(at)
    return Vector(index, at[order], values[order])
