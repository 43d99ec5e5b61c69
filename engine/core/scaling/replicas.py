"""Metrics to replicas, by the algorithm that Kubernetes documents for its Horizontal Pod Autoscaler (autoscaling/v2).

Pure arithmetic: what was measured, and how many replicas there are, come as arguments. In short

    replicas wanted = ceil(replicas that count * value / target)

unless value / target is within the tolerance of 1. What is not known counts against a change: a replica without a
value is taken to be idle when that would mean more replicas, and to be at its target when it would mean fewer; one
that is not ready is taken to be idle when it would mean more, and not counted when it would mean fewer.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from engine.core.scaling.rule import TOLERANCE

_NOISE = 1e-9
"""Of a quotient, what is put down to floating point: 3 * 1.1 must not take a replica more than 3.3 does."""


class Tolerance(NamedTuple):
    """How far value / target may be from 1 without any change, above and below it."""

    up: float = TOLERANCE
    down: float = TOLERANCE

    def holds(self, ratio: float) -> bool:
        """Whether the ratio is close enough."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


class Counts(NamedTuple):
    """The replicas of a workload: how many it is asked to have, and how many of these are there and ready."""

    wanted: int
    there: int
    ready: int


def of_value(value: float, target: float, counts: Counts, tolerance: Tolerance) -> int:
    """For one value that is to be at `target` (HPA: object or external metric, `Value`).

    It is the ready replicas that brought the value about. Of none wanted, the quotient alone tells.
    """
    ratio = value / target
    if not counts.wanted:
        return _ceil(ratio)
    if tolerance.holds(ratio):
        return counts.wanted
    return _onward(ratio, _ceil(value * counts.ready / target), counts)


def of_total(value: float, target: float, counts: Counts, tolerance: Tolerance) -> int:
    """For a total of which each replica is to have `target` (HPA: object or external metric, `AverageValue`)."""
    if counts.there and tolerance.holds(value / (target * counts.there)):
        return counts.wanted
    return _ceil(value / target)


def of_each(
    values: Sequence[float], target: float, counts: Counts, tolerance: Tolerance, *, missing: int = 0, unready: int = 0
) -> int | None:
    """For a value of each ready replica, whose mean is to be `target` (HPA: pods or resource metric).

    Beside those that `values` are of, `missing` replicas are ready and have none, and `unready` are not ready. None
    where no ready replica has a value: then nothing is known.
    """
    if not values:
        return None
    total, ratio = math.fsum(values), math.fsum(values) / (len(values) * target)
    counted_unready = unready if ratio > 1.0 else 0
    if not missing and not counted_unready:
        return counts.wanted if tolerance.holds(ratio) else _onward(ratio, _ceil(total / target), counts)
    counted = len(values) + missing + counted_unready
    if ratio <= 1.0:
        total += missing * target
    careful = total / (counted * target)
    if tolerance.holds(careful) or (ratio - 1.0) * (careful - 1.0) < 0:
        return counts.wanted
    return _onward(careful, _ceil(total / target), counts)


class Combined(NamedTuple):
    """What several metrics want together: None where nothing may be done. `partial`: because some are not known."""

    replicas: int | None
    partial: bool = False


def combined(proposals: Sequence[int | None], wanted: int) -> Combined:
    """The highest proposal. One that is not known (None) permits the others to scale up, and not down."""
    known = [proposal for proposal in proposals if proposal is not None]
    if not known:
        return Combined(None)
    highest = max(known)
    partial = len(known) < len(proposals) and highest < wanted
    return Combined(None if partial else highest, partial)


def _onward(ratio: float, replicas: int, counts: Counts) -> int:
    """Too much load never means fewer replicas, nor too little more, though others than those wanted may be there."""
    return max(replicas, counts.wanted) if ratio > 1.0 else min(replicas, counts.wanted)


def _ceil(quotient: float) -> int:
    """Rounded up, and no less than none."""
    return max(math.ceil(quotient - _NOISE * abs(quotient)), 0)
