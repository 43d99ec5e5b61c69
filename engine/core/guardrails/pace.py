"""Guardrails of how much and how often: flapping targets, cooldowns, rates and concurrency of the policy."""

from collections.abc import Iterator

from engine.core import tallies
from engine.core.guardrails.hold import Hold
from engine.core.policy import Act, Limit
from engine.core.remediation import Ladder
from engine.core.turn import Turn
from schemas.reasons import Reason


def flapping(turn: Turn, ladder: Ladder) -> Hold | None:
    """A target that was healed again and again is not helped by healing it once more."""
    policy = turn.state.program.policy
    wanted = policy.flapping
    whole = ladder.outermost
    if not wanted.heals or whole.origin.kind != "rule" or whole.temper != "heal" or ladder.acted_on or ladder.undo:
        return None
    begun = turn.state.tallies.of(tallies.FLAPPING, ladder.target, turn.now_ms).total
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
        if limit.acts.has(act) and (found := _reached(turn, ladder, act, limit)):
            yield found


def _reached(turn: Turn, ladder: Ladder, act: Act, limit: Limit) -> Hold | None:
    state, per = turn.state, act.of(limit.per)
    if limit.cooldown_ms and (key := limit_key(limit, act)) not in ladder.cools:
        until_ms = state.cooldowns.get(key, 0)
        if turn.now_ms < until_ms:
            return Hold(Reason.COOLDOWN, _named(limit, per), until_ms, source=limit.source)
    if limit.rate:
        tally = state.tallies.of(limit.id, per, turn.now_ms)
        if tally.total >= limit.rate and not tally.counted(act.doing):
            until_ms = tally.room_at_ms(1, limit.rate) or turn.now_ms
            bound = f"{limit.rate} within {limit.within_ms // 1000} s"
            return Hold(Reason.RATE_LIMIT, f"{bound}, {_named(limit, per)}", until_ms, source=limit.source)
    if limit.concurrency:
        key = limit_key(limit, act)
        if state.busy.get(key, 0) >= limit.concurrency:
            bound = f"{limit.concurrency} at once"
            return Hold(Reason.CONCURRENCY, f"{bound}, {_named(limit, per)}", on=key, source=limit.source)
    return None


def limit_key(limit: Limit, act: Act) -> str:
    """What of the policy's limit is counted together."""
    return f"{limit.id}|{act.of(limit.per)}"


def _named(limit: Limit, per: str) -> str:
    return f"per {limit.per} {per}".rstrip() + f" ({limit.source})"
