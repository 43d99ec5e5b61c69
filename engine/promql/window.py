"""The samples of many series within one time range, as one matrix."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.promql.arrays import BoolArray, FloatArray, IntArray
from engine.promql.rings import Rings
from schemas.samples import STALE_BITS

N = TypeVar("N", np.int64, np.float64)


@dataclass
class Window:
    """The samples in (start_ms, end_ms] of `n` series, staleness markers left out.

    `values` is (k, n), oldest first and aligned at the end: column `j` has its samples in the last `counts[j]` rows,
    and NaN above them. Every series has at least one sample. `at` are the positions of the series in the selection,
    None for all.
    """

    rings: Rings
    at: IntArray | None
    counts: IntArray
    cells: IntArray
    values: FloatArray
    start_ms: int
    end_ms: int

    def at_least(self, count: int) -> "Window":
        """Only the series with so many samples."""
        enough = self.counts >= count
        if enough.all():
            return self
        columns = np.flatnonzero(enough)
        at = columns if self.at is None else self.at[columns]
        return replace(
            self, at=at, counts=self.counts[columns], cells=self.cells[:, columns], values=self.values[:, columns]
        )

    @cached_property
    def dense(self) -> bool:
        """Whether every cell is a sample."""
        return bool((self.counts == len(self.values)).all())

    @cached_property
    def valid(self) -> BoolArray:
        """(k, n): which cells are samples."""
        mask: BoolArray = np.arange(len(self.values))[:, None] >= len(self.values) - self.counts
        return mask

    @cached_property
    def times_ms(self) -> IntArray:
        """(k, n) sample times; where there is no sample, anything."""
        return self.rings.times_of(self.cells)

    @property
    def first(self) -> FloatArray:
        return self._first_of(self.values)

    @property
    def last(self) -> FloatArray:
        last: FloatArray = self.values[-1]
        return last

    @property
    def first_ms(self) -> IntArray:
        return self.rings.times_of(self._first_of(self.cells))

    @property
    def last_ms(self) -> IntArray:
        return self.rings.times_of(self.cells[-1])

    def _first_of(self, matrix: NDArray[N]) -> NDArray[N]:
        cells = 0 if self.dense else (len(matrix) - self.counts, np.arange(len(self.counts)))
        first: NDArray[N] = matrix[cells]
        return first


def window(rings: Rings, rows: IntArray, start_ms: int, end_ms: int) -> Window:
    """The window of these rows; those without a sample in it are left out."""
    end = rings.count_until(rows, end_ms)
    counts = end - rings.count_until(rows, start_ms)
    cells = rings.cells(rows, end - np.arange(int(counts.max(initial=0)), 0, -1)[:, None])
    found = Window(rings, None, counts, cells, rings.values_of(cells), start_ms, end_ms).at_least(1)
    if not found.dense:
        found.values[~found.valid] = np.nan
    stale = found.values.view(np.uint64) == STALE_BITS
    return _without(found, stale).at_least(1) if stale.any() else found


def _without(found: Window, stale: BoolArray) -> Window:
    """The window without these cells: the samples that stay close ranks towards the end."""
    keep = found.valid & ~stale
    order = np.argsort(keep, axis=0, kind="stable")
    values = np.take_along_axis(np.where(keep, found.values, np.nan), order, axis=0)
    return replace(found, counts=keep.sum(axis=0), cells=np.take_along_axis(found.cells, order, axis=0), values=values)
