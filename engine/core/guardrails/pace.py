"""Guardrails of how much and how often: flapping targets, cooldowns, rates and concurrency of the policy."""

from collections.abc import Iterator

from engine.core.guardrails.hold import Hold
from engine.core.policy import Act, Limit
from engine.core.remediation import Ladder
from engine.core.tallies import flapping_key
from engine.core.turn import Turn
from schemas.reasons import Reason


def flapping(turn: Turn, ladder: Ladder) -> Hold | None:
    """A target that was healed again and again is not helped by healing it once more."""
    policy = turn.state.program.policy
    wanted = policy.flapping
    whole = ladder.outermost
    if not wanted.heals or whole.origin.kind != "rule" or whole.temper != "heal" or ladder.acted_on or ladder.undo:
        return None
    begun = turn.state.tallies.of(flapping_key(ladder.target), turn.now_ms).total
    if begun < wanted.heals:
        return None
    detail = f"healed {begun} times within {wanted.within_ms // 1000} s"
    return Hold(Reason.FLAPPING, detail, source=policy.source("flapping"))


def limited(turn: Turn, ladder: Ladder, act: Act) -> Hold | None:
    """The first of the policy's limits that is reached."""
    return next(limits_reached(turn, ladder, act), None)


def limits_reached(turn: Turn, ladder: Ladder, act: Act) -> Iterator[Hold]:
    """Each of the policy's limits that is reached. What undoes an act is not held by how many there were."""
    for limit in turn.state.program.policy.limits if not ladder.undo else ():
        if (key := limit.key(act)) and (found := _reached(turn, ladder, act, limit, key)):
            yield found


def _reached(turn: Turn, ladder: Ladder, act: Act, limit: Limit, key: str) -> Hold | None:
    state = turn.state
    if limit.cooldown_ms and key not in ladder.cools:
        until_ms = state.cooldowns.get(key, 0)
        if turn.now_ms < until_ms:
            return Hold(Reason.COOLDOWN, _named(limit, act), until_ms, source=limit.source)
    if limit.rate:
        tally = state.tallies.of(key, turn.now_ms)
        if tally.total >= limit.rate and not tally.counted(act.doing):
            until_ms = tally.room_at_ms(1, limit.rate) or turn.now_ms
            bound = f"{limit.rate} within {limit.within_ms // 1000} s"
            return Hold(Reason.RATE_LIMIT, f"{bound}, {_named(limit, act)}", until_ms, source=limit.source)
    if limit.concurrency and state.busy.get(key, 0) >= limit.concurrency:
        bound = f"{limit.concurrency} at once"
        return Hold(Reason.CONCURRENCY, f"{bound}, {_named(limit, act)}", on=key, source=limit.source)
    return None


def _named(limit: Limit, act: Act) -> str:
    return f"per {limit.per} {act.of(limit.per)}".rstrip() + f" ({limit.source})"
