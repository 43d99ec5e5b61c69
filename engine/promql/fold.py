"""Reduction by group, and compensated summation, which is exact in the same places as Prometheus' own is."""

from functools import cached_property

import numpy as np

from engine.promql.arrays import BoolArray, FloatArray, IntArray


def add_compensated(increment: FloatArray, total: FloatArray, lost: FloatArray) -> tuple[FloatArray, FloatArray]:
    """One step of compensated summation: the new total, and what its rounding has lost so far."""
    new = total + increment
    rounded = new - total
    return new, lost + ((total - (new - rounded)) + (increment - rounded))


def compensated(total: FloatArray, lost: FloatArray) -> FloatArray:
    """The sum with what was lost put back; where it is infinite nothing can be."""
    sums = total + lost
    return sums if np.isfinite(sums).all() else np.where(np.isfinite(lost), sums, total)


class Fold:
    """Reduces an array of `len(codes)` elements to one value for each group `0 … groups - 1`.

    A group without elements has the value 0 or, in `smallest` and `largest`, must not exist.
    """

    def __init__(self, codes: IntArray, groups: int) -> None:
        self._codes = codes
        self._groups = groups

    @cached_property
    def counts(self) -> IntArray:
        return np.bincount(self._codes, minlength=self._groups)

    @cached_property
    def _order(self) -> IntArray:
        return np.argsort(self._codes, kind="stable")

    @cached_property
    def _starts(self) -> IntArray:
        return np.cumsum(self.counts) - self.counts

    @cached_property
    def _halvings(self) -> list[tuple[IntArray, IntArray]]:
        """For each round, which places (in group order) take up which: a group of 5 becomes one of 3, 2, 1."""
        rounds = []
        sizes = self.counts
        while int(sizes.max(initial=0)) > 1:
            moved = sizes // 2
            kept = sizes - moved
            group = np.repeat(np.arange(self._groups), moved)
            nth = np.arange(len(group)) - np.repeat(np.cumsum(moved) - moved, moved)
            target = self._starts[group] + nth
            rounds.append((target, target + kept[group]))
            sizes = kept
        return rounds

    def sum(self, values: FloatArray) -> FloatArray:
        """Sums with the rounding errors added back, like Prometheus' but pairwise, so that no loop is over elements."""
        return compensated(*self._summed(values))

    def _summed(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The sums, and what their rounding has lost."""
        total = values[self._order]
        lost = np.zeros_like(total)
        for target, source in self._halvings:
            total[target], lost[target] = add_compensated(total[source], total[target], lost[target] + lost[source])
        sums = np.zeros((2, self._groups))
        present = self.counts > 0
        first = self._starts[present]
        sums[:, present] = total[first], lost[first]
        return sums[0], sums[1]

    def mean(self, values: FloatArray) -> FloatArray:
        """Means; where the sum overflows, the sum of shares, which does not."""
        total, lost = self._summed(values)
        mean = compensated(total / self.counts, lost / self.counts)
        if not np.isfinite(mean).all():
            mean = np.where(np.isfinite(mean), mean, self.sum(values / self.counts[self._codes]))
        return mean

    def smallest(self, values: FloatArray) -> FloatArray:
        """Minima; NaN only where there is nothing else."""
        return np.fmin.reduceat(values[self._order], self._starts)

    def largest(self, values: FloatArray) -> FloatArray:
        """Maxima; NaN only where there is nothing else."""
        return np.fmax.reduceat(values[self._order], self._starts)

    def any(self, which: BoolArray) -> BoolArray:
        """In which groups at least one element is."""
        found: BoolArray = np.bincount(self._codes, weights=which, minlength=self._groups) > 0
        return found

    def variance(self, values: FloatArray) -> FloatArray:
        """Population variances, exactly 0 where all values are equal: deviations are taken from the first of each."""
        shifted = values - values[self._order[self._starts]][self._codes]
        deviations = shifted - self.mean(shifted)[self._codes]
        return self.mean(deviations * deviations)

    def quantile(self, values: FloatArray, phi: float) -> FloatArray:
        """Quantiles by linear interpolation; NaN is less than every number. `phi` outside [0, 1] gives infinity."""
        if np.isnan(phi) or not 0 <= phi <= 1:
            return np.full(self._groups, np.nan if np.isnan(phi) else np.copysign(np.inf, phi))
        ascending = values[np.lexsort((values, ~np.isnan(values), self._codes))]
        rank = phi * (self.counts - 1)
        low = np.floor(rank).astype(np.int64)
        high = np.minimum(low + 1, self.counts - 1)
        weight = rank - low
        quantile: FloatArray = ascending[self._starts + low] * (1 - weight) + ascending[self._starts + high] * weight
        return quantile
