"""What is being done, and was: the memory that the guardrails of the policy ask.

An act is under way from its command on until its ladder takes another step or is over, and counts as done from its
command on, whatever becomes of it.
"""

from collections.abc import Iterator

from engine.core.policy import Act, Taken
from engine.core.remediation import Ladder
from engine.core.resolve import Resolved
from engine.core.services import service_of
from engine.core.state import State
from engine.core.turn import Turn

KEPT_MS = 7 * 24 * 3_600_000
"""What was done is remembered so long, which is as far as any policy may look back, for one that is yet to come."""

MOST_KEPT = 10_000
"""So many acts are remembered beyond what the present policy counts."""


def act_of(state: State, ladder: Ladder, what: Resolved) -> Act:
    """What the ladder's step would do, as a policy sees it."""
    verb, target = what.verb, what.owned.target
    whole, scope = ladder.outermost, what.owned.owner
    hosted = state.hosted.get((scope, target.id)) if verb.disrupts == "hosted" else {}
    takes = tuple(Taken(service, healthy) for service, healthy in (hosted or {}).items())
    weight = sum(each.healthy for each in takes) if verb.disrupts == "hosted" else _weight(what)
    taken = f"{ladder.id}|{ladder.step}|{target.id}|{scope}"
    return Act(
        rule="" if ladder.origin.kind == "control" else ladder.rule.name,
        verb=verb.name,
        target=target.id,
        workload=target.lock,
        service=service_of(target),
        weight=weight,
        healthy=weight if takes else min(weight, max(target.healthy, 0)),
        first=target.id not in ladder.acted_on,
        heals=whole.origin.kind == "rule" and whole.temper == "heal" and not ladder.undo,
        scope=scope,
        # What one step takes away, the next one no longer finds: it takes others.
        touch=taken if verb.disrupts == "fewer" else f"{whole.id}|{target.id}|{scope}",
        doing=f"{taken}|{ladder.tries}",
        takes=takes,
        counted=hosted is not None,
    )


def begin(turn: Turn, ladder: Ladder, act: Act) -> None:
    """The command is sent."""
    state = turn.state
    if not ladder.undo:
        state.done.append((turn.now_ms, act))
        state.tallies.add(turn.now_ms, act)
    ladder.act = act
    _unsee(state, act)
    count(state, act, 1)
    for limit in state.program.policy.limits:
        if limit.cooldown_ms and (key := limit.key(act)):
            ladder.cools[key] = limit.cooldown_ms


def over(turn: Turn, ladder: Ladder) -> None:
    """It is no longer under way: whoever waited longest for that is looked at again. Whether what it interrupted is
    well again, only the next inventory tells.
    """
    act, ladder.act = ladder.act, None
    if act is None:
        return
    state = turn.state
    keys = count(state, act, -1)
    _unsee(state, act)
    for each in _healthy(act):
        state.unseen.setdefault(act.scope, {})[each.touch] = each.service, each.healthy
        _disrupt(state, each.service, each.healthy)
    for key in keys:
        wake_next(turn, key)


def seen(state: State, scope: str) -> None:
    """Its inventory came: how what has been acted on is by now, it tells itself."""
    for service, healthy in state.unseen.pop(scope, {}).values():
        _disrupt(state, service, -healthy)


def _unsee(state: State, act: Act) -> None:
    """What is touched again was interrupted once."""
    before = state.unseen.get(act.scope, {})
    for each in _healthy(act):
        service, healthy = before.pop(each.touch, ("", 0))
        _disrupt(state, service, -healthy)


def _healthy(act: Act) -> Iterator[Act]:
    return (each for each in act.by_service() if each.healthy)


def _disrupt(state: State, service: str, by: int) -> None:
    left = state.disrupted.get(service, 0) + by
    if left:
        state.disrupted[service] = left
    else:
        state.disrupted.pop(service, None)


def give_up(turn: Turn, ladder: Ladder) -> None:
    """It waits no longer for anything to be over: if that was about to be its turn, it is the next one's."""
    waited_for, ladder.held_on = ladder.held_on, ""
    if waited_for:
        wake_next(turn, waited_for)


def wake_next(turn: Turn, on: str) -> None:
    """Look again at the ladder that waits longest for this."""
    waiting = next((each for each in turn.state.ladders.values() if each.held_on == on), None)
    if on and waiting:
        turn.wake_at(waiting, turn.now_ms)


def look_again(turn: Turn) -> None:
    """The policy may be another: whatever is held is looked at anew."""
    for ladder in turn.state.ladders.values():
        if ladder.phase == "held":
            turn.wake_at(ladder, turn.now_ms)


def count(state: State, act: Act, by: int) -> list[str]:
    """Count an act as under way, or no longer; what of the policy that is counted for."""
    keys = list(_counted(state, act))
    for key in keys:
        state.busy[key] = state.busy.get(key, 0) + by
        if not state.busy[key]:
            del state.busy[key]
    for each in _healthy(act):
        _disrupt(state, each.service, by * each.healthy)
    return keys


def forget(state: State, now_ms: int) -> None:
    """Drop what is too long ago for any limit."""
    counted_ms, kept_ms = now_ms - state.program.policy.longest_ms(), now_ms - KEPT_MS
    uncounted = sum(at_ms <= counted_ms for at_ms, _ in state.done)
    beyond = max(uncounted - MOST_KEPT, 0)  # in the order in which they were done, the oldest first
    state.done = [(at_ms, act) for at_ms, act in state.done[beyond:] if at_ms > min(kept_ms, counted_ms)]
    state.tallies.forget(now_ms)
    state.told = {key: until_ms for key, until_ms in state.told.items() if until_ms > now_ms}
    state.climbed = {key: climb for key, climb in state.climbed.items() if climb[1] > now_ms}


def _counted(state: State, act: Act) -> Iterator[str]:
    for limit in state.program.policy.limits:
        if limit.concurrency and (key := limit.key(act)):
            yield key


def _weight(what: Resolved) -> int:
    """How many replicas it interrupts; all of them, where its argument does not tell."""
    replicas = max(what.owned.target.replicas, 0)
    match what.verb.disrupts:
        case "none":
            return 0
        case "one":
            return min(replicas, 1)
        case "fewer" if isinstance(left := what.args.get("replicas"), int):
            return max(replicas - max(left, 0), 0)
        case _:
            return replicas
