"""Functions of how a value moves within a range: `rate`, `delta`, `irate` and their like.

What was sampled is extrapolated to the bounds of the range where the samples come close to them, as Prometheus does.
"""

import numpy as np

from engine.promql.arrays import FloatArray, IntArray
from engine.promql.window import Window


def delta(window: Window) -> FloatArray:
    sampled_s, to_start_s, to_end_s = _reach_s(window)
    return (window.last - window.first) * ((sampled_s + to_start_s + to_end_s) / sampled_s)


def increase(window: Window, per_s: float = 1.0) -> FloatArray:
    """Counter increase, extrapolated to the bounds of the range, but not to before the counter was zero."""
    first = window.first
    gain = _gain(window)
    sampled_s, to_start_s, to_end_s = _reach_s(window)
    was_zero = (first * sampled_s < gain * to_start_s) & (first >= 0)
    if was_zero.any():
        to_start_s = np.where(was_zero, sampled_s * (first / gain), to_start_s)
    return gain * ((sampled_s + to_start_s + to_end_s) / sampled_s / per_s)


def rate(window: Window) -> FloatArray:
    return increase(window, (window.end_ms - window.start_ms) / 1000)


def _gain(window: Window) -> FloatArray:
    """From the first sample to the last, and the values from which each counter fell: there it began at zero again."""
    gain = window.last - window.first
    drops = window.values[1:] < window.values[:-1]
    fell = np.flatnonzero(drops.any(axis=0))
    if len(fell):  # seldom more than a few: only these are gone through, each value in its turn
        before = np.where(drops[:, fell], window.values[:-1, fell], 0.0)
        gain[fell] = np.add.accumulate([gain[fell], *before])[-1]
    return gain


Reach = tuple[FloatArray, FloatArray, FloatArray]
"""The sampled interval, and how far before and after it the values may be extrapolated, in seconds."""


def _reach_s(window: Window) -> Reach:
    """Computed once for all series that are sampled together, where these have all samples of the window."""
    if not window.dense:
        return _reach_between_s(window, window.first_ms, window.last_ms, window.counts)
    reach = _reach_between_s(window, window.lines_ms[0], window.lines_ms[-1], window.counts[:1])
    return window.spread(reach[0]), window.spread(reach[1]), window.spread(reach[2])


def _reach_between_s(window: Window, first_ms: IntArray, last_ms: IntArray, counts: IntArray) -> Reach:
    """To the bounds of the range or, where these are further away than the next sample would be, half a sample."""
    sampled_s = (last_ms - first_ms) / 1000
    average_s = sampled_s / (counts - 1)
    to_start_s = (first_ms - window.start_ms) / 1000
    to_end_s = (window.end_ms - last_ms) / 1000
    to_start_s = np.where(to_start_s >= average_s * 1.1, average_s / 2, to_start_s)
    to_end_s = np.where(to_end_s >= average_s * 1.1, average_s / 2, to_end_s)
    return sampled_s, to_start_s, to_end_s


def irate(window: Window) -> FloatArray:
    before, after = window.values[-2], window.last
    elapsed_s = window.spread(window.lines_ms[-1] - window.lines_ms[-2]) / 1000
    slope: FloatArray = np.where(after < before, after, after - before) / elapsed_s
    return slope


def idelta(window: Window) -> FloatArray:
    difference: FloatArray = window.last - window.values[-2]
    return difference
