"""Reduction by group, and compensated summation: Neumaier's, element by element over whole columns at once."""

from functools import cached_property

import numpy as np

from engine.promql.arrays import FloatArray, IntArray


def add_compensated(increment: FloatArray, total: FloatArray, lost: FloatArray) -> tuple[FloatArray, FloatArray]:
    """One step of Neumaier's summation: the new total, and what its rounding has lost so far."""
    new = total + increment
    larger = np.abs(total) >= np.abs(increment)
    error = np.where(larger, (total - new) + increment, (increment - new) + total)
    return new, np.where(np.isinf(new), 0.0, lost + error)


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
        total = values[self._order]
        lost = np.zeros_like(total)
        for target, source in self._halvings:
            total[target], lost[target] = add_compensated(total[source], total[target], lost[target] + lost[source])
        result = np.zeros(self._groups)
        present = self.counts > 0
        first = self._starts[present]
        result[present] = total[first] + lost[first]
        return result

    def mean(self, values: FloatArray) -> FloatArray:
        """Means; where the sum overflows, the sum of shares, which does not."""
        mean = self.sum(values) / self.counts
        if not np.isfinite(mean).all():
            mean = np.where(np.isfinite(mean), mean, self.sum(values / self.counts[self._codes]))
        return mean

    def smallest(self, values: FloatArray) -> FloatArray:
        """Minima; NaN only where there is nothing else."""
        return np.fmin.reduceat(values[self._order], self._starts)

    def largest(self, values: FloatArray) -> FloatArray:
        """Maxima; NaN only where there is nothing else."""
        return np.fmax.reduceat(values[self._order], self._starts)
