"""Functions that fit a curve to the samples of a range: `deriv`, `predict_linear`, `double_exponential_smoothing`."""

import numpy as np

from engine.promql.arrays import FloatArray, IntArray
from engine.promql.errors import PromqlError
from engine.promql.formatting import shortest
from engine.promql.over_time import total
from engine.promql.window import Window


def _line(window: Window, origin_ms: IntArray | int) -> tuple[FloatArray, FloatArray]:
    """Least squares through the samples: slope per second, and value at `origin_ms`, one for all series or for each."""
    n = window.counts
    x = (window.times_ms - origin_ms) / 1000
    y = window.values
    sum_x, sum_y = total(window, x), total(window, y)
    covariance = total(window, x * y) - sum_x * sum_y / n
    variance = total(window, x * x) - sum_x * sum_x / n
    slope = covariance / variance
    flat = np.where(window.valid, y == window.first, True).all(axis=0)
    level = np.where(np.isinf(window.first), np.nan, window.first)
    slope = np.where(flat, level * 0.0, slope)
    return slope, np.where(flat, level, sum_y / n - slope * sum_x / n)


def deriv(window: Window) -> FloatArray:
    return _line(window, window.first_ms)[0]


def predict_linear(window: Window, now_s: float, seconds: float) -> FloatArray:
    """The line's value `seconds` after now, which `@` and `offset` do not change."""
    slope, value = _line(window, round(now_s * 1000))
    return slope * seconds + value


def check_factors(smoothing: float, trend: float) -> None:
    """Raises `PromqlError` for a factor with which nothing can be smoothed. As in Prometheus, NaN passes."""
    for what, factor in (("smoothing", smoothing), ("trend", trend)):
        if factor <= 0 or factor >= 1:
            raise PromqlError(f"invalid {what} factor. Expected: 0 < {what[0]}f < 1, got: {shortest(factor)}")


def double_exponential_smoothing(window: Window, smoothing: float, trend: float) -> FloatArray:
    """Holt's linear method: level and trend, each smoothed by its factor."""
    before, level = np.zeros(len(window.counts)), window.first.copy()
    slope = _second(window) - level
    for nth, (row, valid) in enumerate(zip(window.values, window.valid, strict=True)):
        later = valid & (nth > len(window.values) - window.counts)
        moved = later & (nth > len(window.values) - window.counts + 1)
        slope = np.where(moved, trend * (level - before) + (1 - trend) * slope, slope)
        smoothed = smoothing * row + (1 - smoothing) * (level + slope)
        before, level = np.where(later, level, before), np.where(later, smoothed, level)
    return level


def _second(window: Window) -> FloatArray:
    second: FloatArray = window.values[len(window.values) - window.counts + 1, np.arange(len(window.counts))]
    return second
