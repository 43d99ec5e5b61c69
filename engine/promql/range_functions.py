"""Functions of a range vector: each turns a `Window` into one value for every series, all series at once.

Loops are over the samples of a window, never over series. To add a function, write its kernel and its row in the table.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from engine.promql.arrays import BoolArray, FloatArray, IntArray
from engine.promql.fold import add_compensated
from engine.promql.window import Window

Kernel = Callable[..., FloatArray]


@dataclass(frozen=True, slots=True)
class RangeFunction:
    """`kernel(window, *scalars)`. Series with fewer than `samples` samples have no result."""

    kernel: Kernel
    samples: int = 1
    keeps_name: bool = False


def _sum(window: Window, terms: FloatArray) -> FloatArray:
    """Compensated sum of `terms` (k, n) down each column; cells outside the window count nothing."""
    total = lost = np.zeros(terms.shape[1])
    for row in terms if window.dense else np.where(window.valid, terms, 0.0):
        total, lost = add_compensated(row, total, lost)
    return total + lost


def _sum_over_time(window: Window) -> FloatArray:
    return _sum(window, window.values)


def _avg_over_time(window: Window) -> FloatArray:
    mean = _sum(window, window.values) / window.counts
    if np.isfinite(mean).all():
        return mean
    # Where the sum overflows, the sum of shares does not.
    return np.where(np.isfinite(mean), mean, _sum(window, window.values / window.counts))


def _min_over_time(window: Window) -> FloatArray:
    least: FloatArray = np.fmin.reduce(window.values, axis=0)
    return least


def _max_over_time(window: Window) -> FloatArray:
    greatest: FloatArray = np.fmax.reduce(window.values, axis=0)
    return greatest


def _stdvar_over_time(window: Window) -> FloatArray:
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
    return (squares + squares_lost) / count


def _quantile_over_time(window: Window, phi: float) -> FloatArray:
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


def _changes(window: Window) -> FloatArray:
    count = np.zeros(len(window.counts))
    for before, after, both in _pairs(window):
        count += both & (before != after) & ~(np.isnan(before) & np.isnan(after))
    return count


def _resets(window: Window) -> FloatArray:
    drops: FloatArray = (window.values[1:] < window.values[:-1]).sum(axis=0, dtype=np.float64)
    return drops


def _delta(window: Window) -> FloatArray:
    return (window.last - window.first) * _extrapolation(window, np.full(len(window.counts), np.inf))


def _increase(window: Window, per_s: float = 1.0) -> FloatArray:
    """Counter increase, extrapolated to the bounds of the range, but not below where the counter was zero."""
    gain = window.last - window.first
    drops = window.values[1:] < window.values[:-1]
    for k in np.flatnonzero(drops.any(axis=1)).tolist():
        gain = gain + np.where(drops[k], window.values[k], 0.0)
    rising = (gain > 0) & (window.first >= 0)
    sampled_s = (window.last_ms - window.first_ms) / 1000
    to_zero_s = np.where(rising, sampled_s * (window.first / np.where(rising, gain, 1.0)), np.inf)
    return gain * (_extrapolation(window, to_zero_s) / per_s)


def _rate(window: Window) -> FloatArray:
    return _increase(window, (window.end_ms - window.start_ms) / 1000)


def _extrapolation(window: Window, to_zero_s: FloatArray) -> FloatArray:
    """The factor from the sampled interval to the whole range, where the samples come close to its bounds."""
    sampled_s = (window.last_ms - window.first_ms) / 1000
    average_s = sampled_s / (window.counts - 1)
    to_start_s = (window.first_ms - window.start_ms) / 1000
    to_end_s = (window.end_ms - window.last_ms) / 1000
    to_start_s = np.where(to_start_s >= average_s * 1.1, average_s / 2, to_start_s)
    to_end_s = np.where(to_end_s >= average_s * 1.1, average_s / 2, to_end_s)
    return (sampled_s + np.minimum(to_start_s, to_zero_s) + to_end_s) / sampled_s


def _irate(window: Window) -> FloatArray:
    before, after = window.values[-2], window.last
    elapsed_s = (window.last_ms - window.rings.times_of(window.cells[-2])) / 1000
    slope: FloatArray = np.where(after < before, after, after - before) / elapsed_s
    return slope


def _idelta(window: Window) -> FloatArray:
    difference: FloatArray = window.last - window.values[-2]
    return difference


def _line(window: Window, origin_ms: IntArray | int) -> tuple[FloatArray, FloatArray]:
    """Least squares through the samples: slope per second, and value at `origin_ms`, one for all series or for each."""
    n = window.counts
    x = (window.times_ms - origin_ms) / 1000
    y = window.values
    sum_x, sum_y = _sum(window, x), _sum(window, y)
    covariance = _sum(window, x * y) - sum_x * sum_y / n
    variance = _sum(window, x * x) - sum_x * sum_x / n
    slope = covariance / variance
    flat = np.where(window.valid, y == window.first, True).all(axis=0)
    level = np.where(np.isinf(window.first), np.nan, window.first)
    slope = np.where(flat, level * 0.0, slope)
    return slope, np.where(flat, level, sum_y / n - slope * sum_x / n)


def _deriv(window: Window) -> FloatArray:
    return _line(window, window.first_ms)[0]


def _predict_linear(window: Window, seconds: float) -> FloatArray:
    slope, value = _line(window, window.end_ms)
    return slope * seconds + value


def _last_over_time(window: Window) -> FloatArray:
    return window.last


def _count_over_time(window: Window) -> FloatArray:
    return window.counts.astype(np.float64)


def _present_over_time(window: Window) -> FloatArray:
    return np.ones(len(window.counts))


def _stddev_over_time(window: Window) -> FloatArray:
    return np.sqrt(_stdvar_over_time(window))


RANGE_FUNCTIONS: dict[str, RangeFunction] = {
    "avg_over_time": RangeFunction(_avg_over_time),
    "changes": RangeFunction(_changes),
    "count_over_time": RangeFunction(_count_over_time),
    "delta": RangeFunction(_delta, samples=2),
    "deriv": RangeFunction(_deriv, samples=2),
    "idelta": RangeFunction(_idelta, samples=2),
    "increase": RangeFunction(_increase, samples=2),
    "irate": RangeFunction(_irate, samples=2),
    "last_over_time": RangeFunction(_last_over_time, keeps_name=True),
    "max_over_time": RangeFunction(_max_over_time),
    "min_over_time": RangeFunction(_min_over_time),
    "predict_linear": RangeFunction(_predict_linear, samples=2),
    "present_over_time": RangeFunction(_present_over_time),
    "quantile_over_time": RangeFunction(_quantile_over_time),
    "rate": RangeFunction(_rate, samples=2),
    "resets": RangeFunction(_resets),
    "stddev_over_time": RangeFunction(_stddev_over_time),
    "stdvar_over_time": RangeFunction(_stdvar_over_time),
    "sum_over_time": RangeFunction(_sum_over_time),
}
