"""The blast radius: one budget for all rules, people and actuators of how many replicas may be touched.

It is counted when a command is sent, whatever becomes of it, since an act that failed may have done its harm.
"""

from collections.abc import Iterator

from engine.core.guardrails.hold import Hold
from engine.core.policy import Act, BlastRadius
from engine.core.state import Ladder
from engine.core.turn import Turn
from schemas.reasons import Reason


def blast_radius(turn: Turn, ladder: Ladder, act: Act) -> Hold | None:
    """The first budget that the act would exceed."""
    return next(budgets_exceeded(turn, ladder, act), None)


def budgets_exceeded(turn: Turn, ladder: Ladder, act: Act) -> Iterator[Hold]:
    """Each budget that the act would exceed. What a ladder has touched already it may touch again."""
    if not act.weight or ladder.undo or not act.first:
        return
    for radius in turn.state.program.policy.blast_radius:
        if radius.acts.has(act) and (found := _exceeded(turn, act, radius)):
            yield found._replace(tell=radius.id, source=radius.source)


def budget_for(turn: Turn, act: Act, radius: BlastRadius) -> int | None:
    """How many replicas may be touched where the act counts, None for any number."""
    state = turn.state
    if radius.per == "service":
        health = state.services.get(act.service)
        return radius.budget(health.healthy if health else 0)
    return radius.budget(turn.once(("healthy", radius.id), lambda: state.healthy_within(radius)))


def _exceeded(turn: Turn, act: Act, radius: BlastRadius) -> Hold | None:
    state = turn.state
    health = state.services.get(act.service)
    if act.healthy and health:
        left = health.healthy - state.disrupted.get(act.service, 0) - act.healthy
        if left < radius.keep_healthy:
            detail = f"{left} healthy of {act.service} would be left, {radius.keep_healthy} must be ({radius.source})"
            return Hold(Reason.LAST_HEALTHY, detail, on=f"service|{act.service}")
    budget = budget_for(turn, act, radius)
    if budget is None:
        return None
    tally = state.tallies.of(radius.id, act.of(radius.per), radius.within_ms)
    touched = tally.total(turn.now_ms)
    if touched + act.weight <= budget:
        return None
    whose = act.service if radius.per == "service" else "all services"
    detail = f"{touched} of at most {budget} replicas of {whose} touched within {radius.within_ms // 1000} s"
    until_ms = tally.room_at_ms(turn.now_ms, act.weight, budget) or turn.now_ms + radius.within_ms
    return Hold(Reason.BLAST_RADIUS, f"{detail}, {act.weight} more wanted ({radius.source})", until_ms)
