"""One decision of a scaling rule: how many replicas its workload shall have now, and the reason by its name.

what there is                              decides
-----------------------------------------  ------------------------------------------------------------------
none wanted, and `min` is never 0          nothing: a person put it there (SCALED_TO_ZERO)
more than `max`, fewer than `min`          `max`, `min`, at once (ABOVE_MAX, BELOW_MIN)
no metric has a value                      nothing (NO_DATA), or after a minute at least `fallback`
fewer wanted, and a metric has no value    nothing (PARTIAL_DATA)
else                                       what the metrics want; within the stabilization windows (STABILIZING),
                                           the policies (RATE_LIMITED), a direction's `disabled`, the bounds
"""

from typing import NamedTuple

from engine.core.scaling.behavior import limit_down, limit_up, stabilized
from engine.core.scaling.memory import Memory
from engine.core.scaling.recommend import Question, recommend
from engine.core.scaling.rule import ScaleRule
from engine.core.scaling.schedule import Bounds
from schemas.reasons import Reason

FALLBACK_AFTER_MS = 60_000
"""So long no metric must have had a value for `fallback`: one scrape that fails says nothing."""


class Decision(NamedTuple):
    """`replicas` is what the workload shall have; as many as it has for no change. `why` is for people."""

    replicas: int
    reason: Reason
    why: str = ""


def judge(question: Question, memory: Memory, limits: Bounds) -> Decision:
    """Decide, and keep in `memory` what was recommended."""
    rule, wanted = question.rule, question.workload.counts.wanted
    if not wanted and rule.least > 0:
        return Decision(0, Reason.SCALED_TO_ZERO)
    if wanted > limits.max:
        return Decision(limits.max, Reason.ABOVE_MAX, f"at most {limits.max}")
    if wanted < limits.min:
        return Decision(limits.min, Reason.BELOW_MIN, f"at least {limits.min}")
    if not rule.metrics:
        return Decision(wanted, Reason.WITHIN_TOLERANCE)
    found, why = recommend(question)
    if found.partial:
        memory.unknown_ms = None
        return Decision(wanted, Reason.PARTIAL_DATA, why)
    if found.replicas is None:
        return _without_data(question, memory, limits, why)
    memory.unknown_ms = None
    if memory.knows_nothing(rule, question.period_ms, question.now_ms):
        # As if what there is had just been recommended: a rule that is new, or was away, begins with a full window.
        memory.recommended(wanted, rule, question.now_ms)
    return _followed(rule, wanted, found.replicas, why, memory, limits, question.now_ms)


def _without_data(question: Question, memory: Memory, limits: Bounds, why: str) -> Decision:
    """Never fewer replicas because a source went dark."""
    rule, wanted, now_ms = question.rule, question.workload.counts.wanted, question.now_ms
    if memory.unknown_ms is None:
        memory.unknown_ms = now_ms
    enough = min(rule.fallback, limits.max)
    if rule.on_no_data == "hold" or enough <= wanted or now_ms - memory.unknown_ms < FALLBACK_AFTER_MS:
        return Decision(wanted, Reason.NO_DATA, why)
    return Decision(enough, Reason.NO_DATA, f"{why}; fallback to {enough}")


def _followed(
    rule: ScaleRule, wanted: int, recommended: int, why: str, memory: Memory, limits: Bounds, now_ms: int
) -> Decision:
    """How far the recommendation is followed at once."""
    desired = min(recommended, rule.most)
    down_ms, up_ms = now_ms - rule.down.stabilization_ms, now_ms - rule.up.stabilization_ms
    steady = stabilized(desired, wanted, memory.highest, memory.lowest, down_ms=down_ms, up_ms=up_ms)
    memory.recommended(desired, rule, now_ms)
    why = f"{why}: {recommended} wanted"
    bounded = min(max(steady, limits.min), limits.max)
    if bounded == wanted:
        waits = min(max(desired, limits.min), limits.max) != wanted
        return Decision(wanted, Reason.STABILIZING if waits else _at_rest(recommended, wanted, limits), why)
    changes = memory.changes
    if bounded > wanted:
        step = min(bounded, limit_up(wanted, changes, rule.up, now_ms))
        off = rule.up.select == "disabled"
    else:
        step = max(bounded, limit_down(wanted, changes, rule.down, now_ms))
        off = rule.down.select == "disabled"
    if step == wanted:
        return Decision(wanted, Reason.DIRECTION_DISABLED if off else Reason.RATE_LIMITED, why)
    return Decision(step, Reason.OFF_TARGET, why)


def _at_rest(recommended: int, wanted: int, limits: Bounds) -> Reason:
    if recommended > wanted and wanted == limits.max:
        return Reason.AT_MAX
    if recommended < wanted and wanted == limits.min:
        return Reason.AT_MIN
    return Reason.WITHIN_TOLERANCE
