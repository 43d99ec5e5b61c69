"""The blast radius: one budget for all rules, people and actuators of how many replicas may be touched.

It is counted when a command is sent, whatever becomes of it, since an act that failed may have done its harm.
"""

from collections.abc import Iterator

from engine.core.guardrails.hold import Hold
from engine.core.policy import Act, BlastRadius
from engine.core.state import Ladder, State
from engine.core.turn import Turn
from schemas.reasons import Reason


def blast_radius(turn: Turn, ladder: Ladder, act: Act) -> Hold | None:
    """The first budget that the act would exceed."""
    return next(budgets_exceeded(turn, ladder, act), None)


def budgets_exceeded(turn: Turn, ladder: Ladder, act: Act) -> Iterator[Hold]:
    """Each budget that the act would exceed. What undoes an act is not held by what was done, but it takes no more of
    the last healthy ones than any other."""
    if not act.weight:
        return
    for radius in turn.state.program.policy.blast_radius:
        if radius.acts.has(act) and (found := _exceeded(turn, act, radius, undoes=ladder.undo is not None)):
            yield found._replace(tell=radius.id, source=radius.source)


def budget_for(turn: Turn, act: Act, radius: BlastRadius) -> int | None:
    """How many replicas may be touched where the act counts, None for any number."""
    state = turn.state
    if radius.per == "service":
        health = state.services.get(act.service)
        return radius.budget(health.healthy if health else 0)
    return radius.budget(turn.once(("healthy", radius.id), lambda: state.healthy_within(radius)))


def disrupted(state: State, act: Act) -> int:
    """How many healthy replicas of the service others interrupt, as far as is known."""
    _, by_itself = state.unseen.get(act.scope, {}).get(act.touch, ("", 0))
    return state.disrupted.get(act.service, 0) - by_itself


def _exceeded(turn: Turn, act: Act, radius: BlastRadius, *, undoes: bool) -> Hold | None:
    state = turn.state
    health = state.services.get(act.service)
    if act.healthy and health:
        left = health.healthy - disrupted(state, act) - act.healthy
        if left < radius.keep_healthy:
            detail = f"{left} healthy of {act.service} would be left, {radius.keep_healthy} must be ({radius.source})"
            return Hold(Reason.LAST_HEALTHY, detail)
    budget = None if undoes else budget_for(turn, act, radius)
    if budget is None:
        return None
    tally = state.tallies.of(radius.id, act.of(radius.per), turn.now_ms)
    touched, of_it = tally.total, tally.counted(act.touch)
    more = act.weight - of_it
    if more <= 0 < of_it or touched + more <= budget:
        return None  # what was touched already may be touched again
    whose = act.service if radius.per == "service" else "all services"
    detail = f"{touched} of at most {budget} replicas of {whose} touched within {radius.within_ms // 1000} s"
    until_ms = tally.room_at_ms(more, budget) or turn.now_ms + radius.within_ms
    return Hold(Reason.BLAST_RADIUS, f"{detail}, {more} more wanted ({radius.source})", until_ms)
