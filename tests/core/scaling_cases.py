"""Cases of the replica algorithm, each worked by hand from a rule that Kubernetes documents, with the rule in words.

The words are from what Kubernetes says of its Horizontal Pod Autoscaler: the sections «Algorithm details», «Scaling
policies», «Stabilization window», «Tolerance», «Default behavior», «Scaling on multiple metrics», «Implicit
maintenance-mode deactivation» of its page «Horizontal Pod Autoscaling», and the fields of autoscaling/v2.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.core.scaling.behavior import Change, Recommended
from engine.core.scaling.replicas import Counts, Tolerance
from engine.core.scaling.rule import DOWN, UP, Direction, Policy

UNKNOWN = None
NOW_MS = 10_000_000


def ago(seconds: float) -> int:
    return NOW_MS - round(seconds * 1000)


class Each(NamedTuple):
    """A value of each ready replica; beside them replicas without one, and such as are not ready."""

    rule: str
    values: Sequence[float]
    target: float
    replicas: int | None
    missing: int = 0
    unready: int = 0
    wanted: int = 0
    """How many the workload is asked to have; 0: as many as are named here."""
    tolerance: Tolerance = Tolerance()

    @property
    def counts(self) -> Counts:
        there = len(self.values) + self.missing + self.unready
        return Counts(self.wanted or there, there, there - self.unready)


RATIO = "desiredReplicas = ceil(currentReplicas * currentMetricValue / desiredMetricValue)"
NEAR = "no scaling action if the ratio is sufficiently close to 1.0 (0.1 by default)"
MISSING_DOWN = "pods without metrics are assumed to consume 100% of the desired value in case of a scale down"
MISSING_UP = "pods without metrics are assumed to consume 0% in case of a scale up"
UNREADY_UP = "not-yet-ready pods are assumed to consume 0% of the desired metric, which dampens a scale up"
UNREADY_DOWN = "the ratio is of the pods that are not set aside; not-yet-ready ones matter to a scale up only"
REVERSED = "if the new ratio reverses the scale direction, or is within the tolerance, no action is taken"
PER_DIRECTION = "behavior: the tolerance is set for each direction"

EACH = (
    Each(RATIO + ": 200m of 100m doubles", [0.2, 0.2], 0.1, 4),
    Each(RATIO + ": 50m of 100m halves", [0.05, 0.05, 0.05, 0.05], 0.1, 2),
    Each(RATIO + ": of the mean over all pods", [90, 110, 160], 80, 5),
    Each(RATIO + ": 50 pods at 90% with a target of 75%", [90.0] * 50, 75, 60),
    Each(RATIO + ": rounded up", [50, 50, 50], 40, 4),
    Each(RATIO + ": what is whole stays whole", [0.3, 0.3, 0.3], 0.1, 9),
    Each(RATIO + ": idle pods, of which the bounds keep some", [0, 0, 0], 10, 0),
    Each(NEAR + ": above", [109, 109], 100, 2),
    Each(NEAR + ": exactly at the edge above", [110] * 10, 100, 10),
    Each(NEAR + ": just beyond the edge", [111] * 10, 100, 12),
    Each(NEAR + ": below", [91] * 20, 100, 20),
    Each(NEAR + ": exactly at the edge below", [90] * 20, 100, 20),
    Each(NEAR + ": just beyond the edge below", [89] * 20, 100, 18),
    Each(PER_DIRECTION + ": 5% up", [106] * 20, 100, 22, tolerance=Tolerance(up=0.05)),
    Each(PER_DIRECTION + ": 5% up says nothing of down", [94] * 20, 100, 20, tolerance=Tolerance(up=0.05)),
    Each(PER_DIRECTION + ": none up", [101] * 100, 100, 101, tolerance=Tolerance(up=0.0, down=0.05)),
    Each(PER_DIRECTION + ": none down", [99] * 100, 100, 99, tolerance=Tolerance(down=0.0)),
    Each(MISSING_UP + ": 2 of 3 at twice the target are 4 thirds", [200, 200], 100, 4, missing=1),
    Each(MISSING_UP + "; " + REVERSED, [150], 100, 3, missing=2),
    Each(MISSING_UP + "; within the tolerance after that", [160, 160], 100, 3, missing=1),
    Each(MISSING_DOWN + ": 10, 10 and 100 want 2 of 3", [10, 10], 100, 2, missing=1),
    Each(MISSING_DOWN + "; within the tolerance after that", [60], 100, 5, missing=4),
    Each(MISSING_DOWN + ": all idle that are known", [0, 0, 0, 0], 100, 1, missing=1),
    Each("at the target a pod without metrics changes nothing", [100, 100], 100, 4, missing=2),
    Each(UNREADY_UP + ": 3 at 3 times the target, 3 starting", [300, 300, 300], 100, 9, unready=3),
    Each(UNREADY_UP + "; " + REVERSED, [150, 150], 100, 6, unready=4),
    Each(UNREADY_UP + "; within the tolerance after that", [200, 200], 100, 4, unready=2),
    Each(UNREADY_DOWN + ": 3 at half want 2, though 5 are wanted", [50, 50, 50], 100, 2, unready=2),
    Each(UNREADY_DOWN + ": within the tolerance nothing is done", [95, 95], 100, 5, unready=3),
    Each("missing and not-yet-ready pods together on a scale up", [400, 400], 100, 8, missing=1, unready=1),
    Each("missing pods count on a scale down, not-yet-ready ones do not", [20, 20], 100, 2, missing=1, unready=3),
    Each("a change that would go the other way than the ratio is none", [80], 100, 1, wanted=1, unready=2),
    Each("too much load never means fewer: others are still being made", [200, 200], 100, 6, wanted=6),
    Each("too little load never means more: others are still going", [70, 70, 70, 70, 70], 100, 3, wanted=3),
    Each("no metrics of any ready pod: the metric cannot be converted", [], 100, UNKNOWN, missing=3),
    Each("no metrics of any ready pod, for none is ready", [], 100, UNKNOWN, unready=3),
)


class One(NamedTuple):
    """One value for the whole workload, `average` over its replicas or not."""

    rule: str
    value: float
    target: float
    counts: Counts
    replicas: int
    average: bool = False
    tolerance: Tolerance = Tolerance()


VALUE = "Value: the metric is compared with the target to produce a ratio"
AVERAGE = "AverageValue: the metric is divided by the number of pods before the comparison"
READY = "for object and external metrics the replica count is based on the pods that are running and ready"


def all_ready(replicas: int) -> Counts:
    return Counts(replicas, replicas, replicas)


ONE = (
    One(VALUE + ": twice the target, twice the pods", 200, 100, all_ready(3), 6),
    One(VALUE + ": a third of the target", 30, 90, all_ready(9), 3),
    One(VALUE + "; rounded up", 101, 50, all_ready(1), 3),
    One(VALUE + "; " + NEAR, 105, 100, all_ready(7), 7),
    One(VALUE + "; its own tolerance", 105, 100, all_ready(10), 11, tolerance=Tolerance(0.01, 0.01)),
    One(READY, 200, 100, Counts(6, 6, 4), 8),
    One(READY + ", down as well", 50, 100, Counts(6, 6, 4), 2),
    One("too much load never means fewer than are wanted", 120, 100, Counts(6, 6, 3), 6),
    One(VALUE + ": from zero by the ratio alone", 250, 100, all_ready(0), 3),
    One(VALUE + ": zero stays zero while there is nothing", 0, 100, all_ready(0), 0),
    One(VALUE + ": nothing to do", 0, 100, all_ready(4), 0),
    One(AVERAGE + ": 500 in the queue, 100 for each", 500, 100, all_ready(2), 5, average=True),
    One(AVERAGE + "; rounded up", 501, 100, all_ready(2), 6, average=True),
    One(AVERAGE + "; " + NEAR, 410, 100, all_ready(4), 4, average=True),
    One(AVERAGE + ": down", 120, 100, all_ready(4), 2, average=True),
    One(AVERAGE + ": readiness does not matter, only the total does", 800, 100, Counts(4, 4, 1), 8, average=True),
    One(AVERAGE + ": from zero", 1, 100, all_ready(0), 1, average=True),
    One(AVERAGE + ": to zero", 0, 100, all_ready(3), 0, average=True),
)


class Several(NamedTuple):
    """What several metrics propose, and what is done."""

    rule: str
    proposals: Sequence[int | None]
    wanted: int
    replicas: int | None


LARGEST = "the calculation is done for each metric, and the largest of the desired replica counts is chosen"
PARTIAL = "if a metric cannot be converted and the others suggest a scale down, scaling is skipped"
STILL_UP = "if a metric cannot be converted the HPA is still capable of scaling up"

SEVERAL = (
    Several(LARGEST, [3, 7, 5], 4, 7),
    Several(LARGEST + ", of lower ones too", [1, 2], 4, 2),
    Several(LARGEST + ": one that is content prevents a scale down", [4, 1], 4, 4),
    Several(PARTIAL, [2, UNKNOWN], 4, None),
    Several(PARTIAL + ", whichever it is", [UNKNOWN, 1, 3], 4, None),
    Several(STILL_UP, [6, UNKNOWN], 4, 6),
    Several(STILL_UP + "; what stays, stays", [UNKNOWN, 4], 4, 4),
    Several("if no metric can be converted nothing is done", [UNKNOWN, UNKNOWN], 4, None),
)


class Limited(NamedTuple):
    """How far the policies permit to go from `wanted` replicas."""

    rule: str
    direction: Direction
    up: bool
    wanted: int
    replicas: int
    changes: Sequence[Change] = ()


def percent(value: int, period_s: int) -> Policy:
    return Policy(kind="percent", value=value, period_ms=period_s * 1000)


def pods(value: int, period_s: int) -> Policy:
    return Policy(kind="pods", value=value, period_ms=period_s * 1000)


DEFAULT_UP = "by default at most 4 pods or 100% of the running replicas are added every 15 seconds"
DEFAULT_DOWN = "by default 100% of the running replicas may be removed"
MOST_CHANGE = "of several policies that which permits the most change is selected by default"
PERIOD = "periodSeconds is the length of time in the past for which the policy must hold true"
LEAST = "Min selects the policy that permits the smallest change"
OFF = "Disabled turns off scaling in that direction"
SHRINK = Direction(policies=(pods(4, 60), percent(10, 60)))
CAREFUL = Direction(policies=(percent(10, 60), pods(5, 60)), select="min")

LIMITED = (
    Limited(DEFAULT_UP + ": the pods", UP, True, 1, 5),
    Limited(DEFAULT_UP + ": the percentage", UP, True, 10, 20),
    Limited(DEFAULT_UP + "; " + PERIOD, UP, True, 5, 5, [Change(ago(10), 4)]),
    Limited(DEFAULT_UP + "; the period is over", UP, True, 5, 10, [Change(ago(15), 4)]),
    Limited(DEFAULT_UP + "; from none", UP, True, 0, 4),
    Limited(DEFAULT_DOWN, DOWN, False, 10, 0),
    Limited(MOST_CHANGE + ": 10% of 80 are more than 4", SHRINK, False, 80, 72),
    Limited(MOST_CHANGE + ": 7.2 of 72 is rounded up to 8", SHRINK, False, 72, 64),
    Limited(MOST_CHANGE + ": below 40 replicas it is 4", SHRINK, False, 30, 26),
    Limited(PERIOD + ": of 80 a minute ago 8 are gone already", SHRINK, False, 72, 72, [Change(ago(30), -8)]),
    Limited(PERIOD + ": 3 of 4 are gone already", SHRINK, False, 27, 26, [Change(ago(59), -3)]),
    Limited(PERIOD + ": what was added since may go again", SHRINK, False, 32, 26, [Change(ago(20), 2)]),
    Limited(LEAST + ": 10% of 100 are more than 5", CAREFUL, False, 100, 95),
    Limited(LEAST + ": of 20 it is 10%", CAREFUL, False, 20, 18),
    Limited(OFF + ": down", Direction(policies=DOWN.policies, select="disabled"), False, 9, 9),
    Limited(OFF + ": up", Direction(policies=UP.policies, select="disabled"), True, 9, 9),
    Limited(
        "a percentage up is rounded up, or it would never scale", Direction(policies=(percent(10, 60),)), True, 3, 4
    ),
    Limited("one pod a minute", Direction(policies=(pods(1, 60),)), True, 3, 4),
)


class Steadied(NamedTuple):
    """What of `desired` is followed at once, after these recommendations."""

    rule: str
    desired: int
    wanted: int
    replicas: int
    before: Sequence[Recommended] = ()
    down_s: int = 300
    up_s: int = 0


HIGHEST = "for a scale down the highest of the desired states of the window is used (300 seconds by default)"
AT_ONCE = "there is no stabilization window for scaling up by default: it is done immediately"
LOWEST = "with a window for scaling up the lowest of the desired states of the window is used"

STEADIED = (
    Steadied(
        HIGHEST + ": all of the window wanted as few", 3, 9, 3, [Recommended(ago(290), 3), Recommended(ago(1), 2)]
    ),
    Steadied(HIGHEST + ": more was wanted a while ago", 3, 9, 6, [Recommended(ago(200), 6), Recommended(ago(100), 2)]),
    Steadied(HIGHEST + ": more than there are was wanted", 3, 9, 9, [Recommended(ago(200), 12)]),
    Steadied(HIGHEST + "; what is older does not count", 3, 9, 3, [Recommended(ago(300), 9)]),
    Steadied("a window of 60 seconds", 3, 9, 3, [Recommended(ago(90), 9)], down_s=60),
    Steadied("no window at all", 3, 9, 3, [Recommended(ago(1), 9)], down_s=0),
    Steadied(AT_ONCE, 12, 9, 12, [Recommended(ago(10), 2)]),
    Steadied(LOWEST, 12, 9, 10, [Recommended(ago(10), 10), Recommended(ago(5), 11)], up_s=60),
    Steadied(LOWEST + ", and not fewer than there are", 12, 9, 9, [Recommended(ago(10), 4)], up_s=60),
)


def rules(cases: Sequence[Any]) -> list[str]:
    return [case.rule for case in cases]
