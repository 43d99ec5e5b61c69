"""The samples of many series within one time range, as one matrix."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.promql.arrays import BoolArray, FloatArray, IntArray, is_sample

T = TypeVar("T", np.int64, np.float64)


@dataclass
class Window:
    """The samples in (start_ms, end_ms] of `n` series, staleness markers left out. Not to be written to.

    `values` is (k, n), oldest first and aligned at the end: column `j` has its samples in the last `counts[j]` rows,
    and NaN above them. Every series has at least one sample. `at` are the positions of the series in the selection,
    None for all in their order.

    Series that are sampled together share a column of `lines_ms`, which is (k, m): series `j` has its times in column
    `line_of[j]` (None: m is 1 or n). Where there is no sample, a time is anything.
    """

    at: IntArray | None
    counts: IntArray
    lines_ms: IntArray
    line_of: IntArray | None
    values: FloatArray
    start_ms: int
    end_ms: int

    def at_least(self, count: int) -> "Window":
        """Only the series with so many samples."""
        enough = self.counts >= count
        if enough.all():
            return self
        columns = np.flatnonzero(enough)
        own = self.line_of is None and self.lines_ms.shape[1] > 1
        return replace(
            self,
            at=columns if self.at is None else self.at[columns],
            counts=self.counts[columns],
            lines_ms=self.lines_ms[:, columns] if own else self.lines_ms,
            line_of=None if self.line_of is None else self.line_of[columns],
            values=self.values[:, columns],
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
        """(k, n), or (k, 1) where all series have their samples at the same times."""
        return self.spread(self.lines_ms)

    @property
    def first(self) -> FloatArray:
        return self._first_of(self.values)

    @property
    def last(self) -> FloatArray:
        last: FloatArray = self.values[-1]
        return last

    @property
    def first_ms(self) -> IntArray:
        """(n,), or (1,) where it is the same for all; so is `last_ms`."""
        if self.dense:
            return self.spread(self.lines_ms[0])
        return self._first_of(np.broadcast_to(self.times_ms, self.values.shape))

    @property
    def last_ms(self) -> IntArray:
        return self.spread(self.lines_ms[-1])

    def spread(self, by_line: NDArray[T]) -> NDArray[T]:
        """What is known for each column of `lines_ms`, for each series (one for all stays one)."""
        return by_line if self.line_of is None else by_line[..., self.line_of]

    def _first_of(self, matrix: NDArray[T]) -> NDArray[T]:
        cells = 0 if self.dense else (len(matrix) - self.counts, np.arange(len(self.counts)))
        first: NDArray[T] = matrix[cells]
        return first


def packed(window: Window) -> Window:
    """The window of these cells, oldest first, some of which hold no sample: those that do close ranks at the end."""
    there = is_sample(window.values)
    counts = there.sum(axis=0)
    values = np.where(there, window.values, np.nan)
    window = replace(window, counts=counts, values=values)
    gaps = np.flatnonzero((there != window.valid).any(axis=0))
    if len(gaps):
        order = np.argsort(there[:, gaps], axis=0, kind="stable")
        times_ms = np.broadcast_to(window.times_ms, values.shape).copy()
        values[:, gaps] = np.take_along_axis(values[:, gaps], order, axis=0)
        times_ms[:, gaps] = np.take_along_axis(times_ms[:, gaps], order, axis=0)
        window = replace(window, lines_ms=times_ms, line_of=None)
    return window.at_least(1)
