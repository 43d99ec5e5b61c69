"""What is being done, and was: the memory that the guardrails of the policy ask.

An act is under way from its command on until its ladder takes another step or is over, and counts as done from its
command on, whatever becomes of it.
"""

from collections.abc import Iterator

from engine.core.guardrails.pace import limit_key
from engine.core.policy import Act
from engine.core.services import service_of
from engine.core.state import Ladder, State
from engine.core.turn import Turn
from engine.core.verbs import Verb
from schemas.commands import Command
from schemas.inventory import Target

KEPT_MS = 60 * 60_000
"""What was done is remembered at least so long, for a policy that is yet to come."""


def act_of(state: State, ladder: Ladder, command: Command) -> Act:
    """What the ladder's command would do, as a policy sees it."""
    owned = state.targets.get(command.target, ())
    target = next(each.target for each in owned if (each.actuator, each.scope) == (command.actuator, command.scope))
    verb = state.program.verb(ladder.current)
    weight = _weight(verb, target, command) if verb else 0
    return Act(
        rule="" if ladder.origin.kind == "control" else ladder.rule.name,
        verb=command.verb,
        target=command.target,
        workload=command.lock,
        service=service_of(target),
        weight=weight,
        healthy=min(weight, target.healthy),
        first=command.target not in ladder.acted_on,
        heals=ladder.origin.kind == "rule" and ladder.rule.kind == "heal" and not ladder.undo,
    )


def begin(turn: Turn, ladder: Ladder, act: Act) -> None:
    """The command is sent."""
    state = turn.state
    if not ladder.undo:
        state.done.append((turn.now_ms, act))
        state.tallies.add(turn.now_ms, act)
    ladder.act = act
    count(state, act, 1)
    for limit in state.program.policy.limits:
        if limit.cooldown_ms and limit.acts.has(act):
            ladder.cools[limit_key(limit, act)] = limit.cooldown_ms


def over(turn: Turn, ladder: Ladder) -> None:
    """It is no longer under way: whoever waited longest for that is looked at again."""
    if ladder.act is None:
        return
    for key in count(turn.state, ladder.act, -1):
        wake_next(turn, key)
    ladder.act = None


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
    """Count an act as under way, or no longer; what that is counted for."""
    keys = list(_counted(state, act))
    for key in keys:
        state.busy[key] = state.busy.get(key, 0) + by
        if not state.busy[key]:
            del state.busy[key]
    if act.healthy:
        state.disrupted[act.service] = state.disrupted.get(act.service, 0) + by * act.healthy
        keys.append(f"service|{act.service}")
    return keys


def forget(state: State, now_ms: int) -> None:
    """Drop what is too long ago for any limit."""
    since_ms = now_ms - max(state.program.policy.longest_ms(), KEPT_MS)
    state.done = [(at_ms, act) for at_ms, act in state.done if at_ms > since_ms]
    state.tallies.forget(now_ms)
    state.told = {key: until_ms for key, until_ms in state.told.items() if until_ms > now_ms}
    state.climbed = {key: climb for key, climb in state.climbed.items() if climb[1] > now_ms}


def _counted(state: State, act: Act) -> Iterator[str]:
    for limit in state.program.policy.limits:
        if limit.concurrency and limit.acts.has(act):
            yield limit_key(limit, act)


def _weight(verb: Verb, target: Target, command: Command) -> int:
    """How many replicas it interrupts."""
    match verb.disrupts:
        case "none":
            return 0
        case "one":
            return min(target.replicas, 1)
        case "fewer":
            return max(target.replicas - int(command.args.get("replicas", target.replicas)), 0)
        case "all":
            return target.replicas
