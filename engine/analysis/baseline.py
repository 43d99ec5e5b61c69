"""How often a template usually comes in a window, and whether this is more than that.

Mean and variance are weighted exponentially: the last ten windows or so make them, and of a template that is younger
all its windows equally.
"""

from math import sqrt

from engine.analysis.settings import Settings
from engine.analysis.state import Baseline

WEIGHT = 0.1
_FORGOTTEN = 256
"""After so many windows without it nothing is left of the mean."""


def count(baseline: Baseline, number: int) -> None:
    """One more of it, in the window of this number."""
    if number > baseline.window:
        _close(baseline, number)
    baseline.count += 1


def is_sudden(baseline: Baseline, settings: Settings) -> bool:
    """Whether its window has more of it than it usually has; a template that is not known for long is never sudden."""
    if baseline.count < settings.rate_min_count or baseline.window - baseline.since < settings.rate_after:
        return False
    usual, spread = baseline.mean, sqrt(baseline.variance)
    return baseline.count > max(usual * settings.rate_factor, usual + spread * settings.rate_deviations)


def _close(baseline: Baseline, number: int) -> None:
    """Learn from the windows that are over."""
    _learn(baseline, baseline.count)
    silent = number - baseline.window - 1
    for _ in range(min(silent, _FORGOTTEN)):
        baseline.window += 1
        _learn(baseline, 0)
    baseline.window, baseline.count = number, 0


def _learn(baseline: Baseline, value: int) -> None:
    weight = max(WEIGHT, 1 / (baseline.window - baseline.since + 1))
    differs = value - baseline.mean
    baseline.mean += weight * differs
    baseline.variance = (1 - weight) * (baseline.variance + weight * differs * differs)
