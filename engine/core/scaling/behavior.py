"""How fast and how steadily a workload is scaled: `behavior` of Kubernetes' autoscaler, pure.

First the recommendations of the stabilization window are looked at, then the policies limit the step. Times are Unix
milliseconds; what happened exactly a window or period ago is no longer in it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.core.scaling.rule import Direction, Policy


class Change(NamedTuple):
    """By how many replicas the workload was scaled, fewer below zero."""

    at_ms: int
    by: int


class Recommended(NamedTuple):
    """How many replicas were recommended."""

    at_ms: int
    replicas: int


def stabilized(
    desired: int,
    wanted: int,
    highest: Iterable[Recommended],
    lowest: Iterable[Recommended],
    *,
    down_ms: int,
    up_ms: int,
) -> int:
    """What may be followed of `desired` at once, for a workload of `wanted` replicas.

    More than there are only if all of `lowest` since `up_ms` were for so many, fewer only if all of `highest` since
    `down_ms` were.
    """
    floor = max((each.replicas for each in highest if each.at_ms > down_ms), default=desired)
    ceiling = min((each.replicas for each in lowest if each.at_ms > up_ms), default=desired)
    followed = max(wanted, min(desired, ceiling))
    return min(followed, max(desired, floor))


def limit_up(wanted: int, changes: Sequence[Change], direction: Direction, now_ms: int) -> int:
    """The most replicas that the policies permit now; no fewer than there are."""
    if direction.select == "disabled":
        return wanted
    permitted = [_most(policy, _began(wanted, changes, policy, now_ms)) for policy in direction.policies]
    return max(min(permitted) if direction.select == "min" else max(permitted), wanted)


def limit_down(wanted: int, changes: Sequence[Change], direction: Direction, now_ms: int) -> int:
    """The fewest replicas that the policies permit now; no more than there are."""
    if direction.select == "disabled":
        return wanted
    permitted = [_fewest(policy, _began(wanted, changes, policy, now_ms)) for policy in direction.policies]
    return max(min(max(permitted) if direction.select == "min" else min(permitted), wanted), 0)


def _began(wanted: int, changes: Sequence[Change], policy: Policy, now_ms: int) -> int:
    """How many replicas there were when the policy's period began."""
    return wanted - sum(change.by for change in changes if change.at_ms > now_ms - policy.period_ms)


def _most(policy: Policy, began: int) -> int:
    """In whole numbers, and a part of a replica is one: else a small workload would never grow by a percentage."""
    return began + policy.value if policy.kind == "pods" else -(-began * (100 + policy.value) // 100)


def _fewest(policy: Policy, began: int) -> int:
    """A part of a replica that may go is one too."""
    return began - policy.value if policy.kind == "pods" else began * (100 - policy.value) // 100
