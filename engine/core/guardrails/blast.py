"""The blast radius: one budget for all rules, people and actuators of how many replicas may be touched.

It is counted when a command is sent, whatever becomes of it, since an act that failed may have done its harm.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from engine.core.guardrails.hold import Hold, Never
from engine.core.policy import Act, BlastRadius
from engine.core.remediation import Ladder
from engine.core.state import State
from engine.core.turn import Turn
from schemas.reasons import Reason


def blast_radius(turn: Turn, ladder: Ladder, act: Act) -> Hold | Never | None:
    """The first budget that the act would exceed."""
    return next(budgets_exceeded(turn, ladder, act), None)


def budgets_exceeded(turn: Turn, ladder: Ladder, act: Act) -> Iterator[Hold | Never]:
    """Each budget that the act would exceed, of each service that it touches: it is all or nothing. What undoes an act
    is not held by what was done, but it takes no more of the last healthy ones than any other."""
    if not act.counted:
        yield from _not_counted(turn, act)
        return
    parts = act.by_service()
    for radius in turn.state.program.policy.blast_radius if parts else ():
        together: dict[str, list[Act]] = {}
        for part in parts:
            if key := radius.key(part):
                together.setdefault(key, []).append(part)
        for key, group in together.items():
            if found := _exceeded(turn, key, group, radius, undoes=ladder.undo is not None):
                yield found._replace(tell=radius.id, source=radius.source)


def _not_counted(turn: Turn, act: Act) -> Iterator[Hold]:
    """Where anything bounds what may run on the target, that has to be known."""
    state = turn.state
    again_ms = turn.now_ms + state.settings.evaluation_interval_ms
    for radius in state.program.policy.blast_radius:
        if replace(radius.acts, services=()).has(act):
            detail = f"the inventory does not say what runs on {act.target} ({radius.source})"
            yield Hold(Reason.STALE_EVIDENCE, detail, again_ms, source=radius.source)


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


def _exceeded(turn: Turn, key: str, parts: Sequence[Act], radius: BlastRadius, *, undoes: bool) -> Hold | Never | None:
    """Of parts of one act that are counted together, under this key. For more than a whole budget there is never room,
    however long it waits; a share of those that are healthy may be more by then."""
    for part in parts:
        if found := _too_few_left(turn.state, part, radius):
            return found
    budget = None if undoes else budget_for(turn, parts[0], radius)
    if budget is None:
        return None
    tally = turn.state.tallies.of(key, turn.now_ms)
    touched, more = tally.total, sum(max(part.weight - tally.counted(part.touch), 0) for part in parts)
    if not more or touched + more <= budget:
        return None  # what was touched already may be touched again
    whose = parts[0].service if radius.per == "service" else "all services"
    detail = f"{touched} of at most {budget} replicas of {whose} touched within {radius.within_ms // 1000} s"
    if radius.count is not None and sum(part.weight for part in parts) > radius.count:
        return Never(Reason.BLAST_RADIUS, f"{detail}, {more} more wanted: there is never room for it ({radius.source})")
    until_ms = tally.room_at_ms(more, budget) or turn.now_ms + radius.within_ms
    return Hold(Reason.BLAST_RADIUS, f"{detail}, {more} more wanted ({radius.source})", until_ms)


def _too_few_left(state: State, part: Act, radius: BlastRadius) -> Hold | None:
    health = state.services.get(part.service)
    if not (part.healthy and health):
        return None
    left = health.healthy - disrupted(state, part) - part.healthy
    if left >= radius.keep_healthy:
        return None
    detail = f"{left} healthy of {part.service} would be left, {radius.keep_healthy} must be ({radius.source})"
    return Hold(Reason.LAST_HEALTHY, detail)
