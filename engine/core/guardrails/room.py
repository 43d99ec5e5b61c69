"""How much room the policy leaves for an act, in words: what is counted by now, and where it ends."""

from collections.abc import Iterator

from engine.core.guardrails.blast import budget_for, disrupted
from engine.core.policy import Act, BlastRadius, Limit
from engine.core.turn import Turn


def within_limits(turn: Turn, act: Act) -> Iterator[str]:
    """For each limit that is about the act."""
    for limit in turn.state.program.policy.limits:
        if (key := limit.key(act)) and (counted := ", ".join(_counted(turn, key, limit))):
            yield f"{counted} per {limit.per} ({limit.source})"


def within_budgets(turn: Turn, act: Act) -> Iterator[str]:
    """For each blast radius that is about the act."""
    for radius in turn.state.program.policy.blast_radius:
        for part in act.by_service():
            if (key := radius.key(part)) and (left := ", ".join(_left(turn, key, part, radius))):
                whose = f"{part.service}: " if act.takes else ""
                yield f"{whose}{left} ({radius.source})"


def _counted(turn: Turn, key: str, limit: Limit) -> Iterator[str]:
    state = turn.state
    if limit.rate:
        done = state.tallies.of(key, turn.now_ms).total
        yield f"{done} of {limit.rate} acts within {limit.within_ms // 1000} s"
    if limit.concurrency:
        yield f"{state.busy.get(key, 0)} of {limit.concurrency} at once"


def _left(turn: Turn, key: str, act: Act, radius: BlastRadius) -> Iterator[str]:
    state = turn.state
    health = state.services.get(act.service)
    budget = budget_for(turn, act, radius)
    if budget is not None:
        touched = state.tallies.of(key, turn.now_ms).total
        yield f"{touched} of at most {budget} replicas touched within {radius.within_ms // 1000} s, {act.weight} more"
    if health:
        left = health.healthy - disrupted(state, act) - act.healthy
        yield f"{left} healthy of {act.service} are left"
