"""Functions of the samples of a range as a set or a sequence: `avg_over_time`, `changes` and their like.

Loops are over the samples of a window, never over series.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from engine.promql.arrays import BoolArray, FloatArray, IntArray
from engine.promql.fold import add_compensated, compensated
from engine.promql.window import Window


def total(window: Window, terms: FloatArray) -> FloatArray:
    """Compensated sum of `terms` (k, n) down each column; cells outside the window count nothing."""
    return compensated(*_summed(window, terms))


def _summed(window: Window, terms: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The sum, and what its rounding has lost."""
    total = lost = np.zeros(terms.shape[1])
    for row in terms if window.dense else np.where(window.valid, terms, 0.0):
        total, lost = add_compensated(row, total, lost)
    return total, lost


def sum_over_time(window: Window) -> FloatArray:
    return total(window, window.values)


def avg_over_time(window: Window) -> FloatArray:
    summed, lost = _summed(window, window.values)
    mean = compensated(summed / window.counts, lost / window.counts)
    if np.isfinite(mean).all():
        return mean
    # Where the sum overflows, the sum of shares does not.
    return np.where(np.isfinite(mean), mean, total(window, window.values / window.counts))


def min_over_time(window: Window) -> FloatArray:
    least: FloatArray = np.fmin.reduce(window.values, axis=0)
    return least


def max_over_time(window: Window) -> FloatArray:
    greatest: FloatArray = np.fmax.reduce(window.values, axis=0)
    return greatest


def stdvar_over_time(window: Window) -> FloatArray:
    """Welford's method, as Prometheus has it."""
    zero = np.zeros(len(window.counts))
    mean = mean_lost = squares = squares_lost = zero
    count = zero
    for row, valid in zip(window.values, window.valid, strict=True):
        value = np.where(valid, row, 0.0)
        count = count + valid
        delta = np.where(valid, value - (mean + mean_lost), 0.0)
        mean, mean_lost = add_compensated(delta / np.maximum(count, 1), mean, mean_lost)
        rest = np.where(valid, value - (mean + mean_lost), 0.0)
        squares, squares_lost = add_compensated(delta * rest, squares, squares_lost)
    return compensated(squares, squares_lost) / count


def quantile_over_time(window: Window, phi: float) -> FloatArray:
    if np.isnan(phi) or not 0 <= phi <= 1:
        return np.full(len(window.counts), np.nan if np.isnan(phi) else np.copysign(np.inf, phi))
    # Sorted from the top and turned round, NaN is the least, and the cells outside the window stay in front.
    ascending = -np.sort(-window.values, axis=0)[::-1]
    rank = phi * (window.counts - 1)
    low = np.floor(rank).astype(np.int64)
    high = np.minimum(low + 1, window.counts - 1)
    top, columns = len(ascending) - window.counts, np.arange(len(window.counts))
    weight = rank - low
    quantile: FloatArray = ascending[top + low, columns] * (1 - weight) + ascending[top + high, columns] * weight
    return quantile


def _pairs(window: Window) -> Iterator[tuple[FloatArray, FloatArray, BoolArray]]:
    """Each sample's row with the next, and which columns have both, oldest first."""
    for k in range(len(window.values) - 1):
        yield window.values[k], window.values[k + 1], window.valid[k]


def changes(window: Window) -> FloatArray:
    count = np.zeros(len(window.counts))
    for before, after, both in _pairs(window):
        count += both & (before != after) & ~(np.isnan(before) & np.isnan(after))
    return count


def resets(window: Window) -> FloatArray:
    drops: FloatArray = (window.values[1:] < window.values[:-1]).sum(axis=0, dtype=np.float64)
    return drops


def last_over_time(window: Window) -> FloatArray:
    return window.last.copy()


def count_over_time(window: Window) -> FloatArray:
    return window.counts.astype(np.float64)


def present_over_time(window: Window) -> FloatArray:
    return np.ones(len(window.counts))


def stddev_over_time(window: Window) -> FloatArray:
    return np.sqrt(stdvar_over_time(window))


def first_over_time(window: Window) -> FloatArray:
    return window.first.copy()


def mad_over_time(window: Window) -> FloatArray:
    """The median of the absolute deviations from the median; NaN where one of the samples is."""
    deviations = np.abs(window.values - quantile_over_time(window, 0.5))
    mad = quantile_over_time(replace(window, values=deviations), 0.5)
    return np.where((np.isnan(window.values) & window.valid).any(axis=0), np.nan, mad)


def ts_of_first_over_time(window: Window) -> FloatArray:
    return _seconds(window, window.first_ms)


def ts_of_last_over_time(window: Window) -> FloatArray:
    return _seconds(window, window.last_ms)


def ts_of_max_over_time(window: Window) -> FloatArray:
    return _ts_of_last_best(window, np.fmax)


def ts_of_min_over_time(window: Window) -> FloatArray:
    return _ts_of_last_best(window, np.fmin)


def _ts_of_last_best(window: Window, better: np.ufunc) -> FloatArray:
    """When the extreme value was reached last; of NaN only, when the last was."""
    extreme = window.valid & (window.values == better.reduce(window.values, axis=0))
    row = len(extreme) - 1 - np.argmax(extreme[::-1], axis=0)
    times_ms = np.broadcast_to(window.times_ms, window.values.shape)
    return _seconds(window, times_ms[row, np.arange(len(row))])


def _seconds(window: Window, times_ms: IntArray) -> FloatArray:
    return np.broadcast_to(times_ms / 1000, window.counts.shape).copy()
