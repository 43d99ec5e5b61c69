"""Classic histograms: cumulative bucket counts of many histograms as one matrix, and what is estimated from them.

Loops are over buckets, never over histograms.
"""

from dataclasses import dataclass

import numpy as np

from engine.promql.arrays import BoolArray, FloatArray, IntArray

_TOLERANCE = 1e-12
"""Counts that differ by less than this share are equal: rounding must not look like a decrease."""


@dataclass
class Buckets:
    """`bounds` and `counts` are (groups, most buckets): upper bounds, rising, and the cumulative counts up to them.

    Behind the `sizes[g]` buckets of a group the bounds are infinite and the count is the last one.
    """

    sizes: IntArray
    bounds: FloatArray
    counts: FloatArray

    @property
    def total(self) -> FloatArray:
        total: FloatArray = self.counts[:, -1]
        return total

    @property
    def complete(self) -> BoolArray:
        """Which groups have a last bucket of +Inf, without which nothing can be said."""
        return np.isposinf(self.bounds[np.arange(len(self.sizes)), self.sizes - 1])

    def made_monotonic(self) -> BoolArray:
        """Let no count be below the one before, nor above it by rounding only. Returns which groups had a decrease."""
        forced = np.zeros(len(self.sizes), np.bool_)
        before = self.counts[:, 0].copy()
        for column in self.counts.T[1:]:
            same = _almost_equal(before, column)
            less = (column < before) & ~same
            forced |= less
            column[same | less] = before[same | less]
            before = column
        return forced

    def quantile(self, phi: float) -> FloatArray:
        """Interpolated within the bucket that holds the rank; the lowest one begins at 0 where its bound is above."""
        if np.isnan(phi) or not 0 <= phi <= 1:
            return np.full(len(self.sizes), np.nan if np.isnan(phi) else np.copysign(np.inf, phi))
        rank = phi * self.total
        groups = np.arange(len(self.sizes))
        at = np.minimum(np.argmax(self.counts >= rank[:, None], axis=1), self.sizes - 1)
        at = np.where((self.counts >= rank[:, None]).any(axis=1), at, self.sizes - 1)
        upper, before = self.bounds[groups, at], np.maximum(at - 1, 0)
        lower = np.where(at > 0, self.bounds[groups, before], 0.0)
        below = np.where(at > 0, self.counts[groups, before], 0.0)
        inside = lower + (upper - lower) * ((rank - below) / (self.counts[groups, at] - below))
        inside = np.where((at == 0) & (upper <= 0), upper, inside)
        highest = self.bounds[groups, np.maximum(self.sizes - 2, 0)]
        quantile = np.where(at == self.sizes - 1, highest, inside)
        return np.where(self.complete & (self.sizes > 1) & (self.total != 0), quantile, np.nan)

    def fraction(self, lower: float, upper: float) -> FloatArray:
        """The share of observations between two values."""
        if np.isnan(lower) or np.isnan(upper):
            return np.full(len(self.sizes), np.nan)
        share = (self._rank(upper) - self._rank(lower)) / self.total if lower < upper else np.zeros(len(self.sizes))
        return np.where(self.complete & (self.total != 0), share, np.nan)

    def _rank(self, value: float) -> FloatArray:
        """How many observations are below `value`, interpolated within its bucket."""
        rank = np.full(len(self.sizes), np.nan)
        low, below = np.full(len(self.sizes), -np.inf), np.zeros(len(self.sizes))
        for nth, (high, count) in enumerate(zip(self.bounds.T, self.counts.T, strict=True)):
            start = np.where(high > 0, 0.0, low) if nth == 0 else low
            inside = below + (count - below) * (value - start) / (high - start)
            found = np.where(low >= value, below, np.where(value < high, inside, np.nan))
            rank = np.where(np.isnan(rank), found, rank)
            low, below = high, count
        return np.where(np.isnan(rank) | (rank > self.total), self.total, rank)


def buckets_of(codes: IntArray, groups: int, bounds: FloatArray, counts: FloatArray) -> Buckets:
    """The buckets of `groups` histograms, each of which has at least one. Counts under the same bound are added up."""
    order = np.lexsort((bounds, codes))
    codes, bounds, counts = codes[order], bounds[order], counts[order]
    new = np.ones(len(codes), np.bool_)
    new[1:] = (codes[1:] != codes[:-1]) | (bounds[1:] != bounds[:-1])
    starts = np.flatnonzero(new)
    codes, bounds, counts = codes[starts], bounds[starts], np.add.reduceat(counts, starts)
    sizes = np.bincount(codes, minlength=groups)
    nth = np.arange(len(codes)) - (np.cumsum(sizes) - sizes)[codes]
    shape = (groups, int(sizes.max(initial=1)))
    matrix, cumulative = np.full(shape, np.inf), np.full(shape, np.nan)
    matrix[codes, nth], cumulative[codes, nth] = bounds, counts
    behind = np.arange(shape[1]) >= sizes[:, None]
    last = cumulative[np.arange(groups), sizes - 1]
    return Buckets(sizes, matrix, np.where(behind, last[:, None], cumulative))


def _almost_equal(left: FloatArray, right: FloatArray) -> BoolArray:
    equal: BoolArray = (left == right) | (np.abs(left - right) < _TOLERANCE * (np.abs(left) + np.abs(right)))
    return equal
