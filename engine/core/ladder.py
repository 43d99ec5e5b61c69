"""The ladder of steps. Every transition of it lives in this file; where tempers part, `temper` says which way.

    phase       on                                         goes to
    ----------  -----------------------------------------  ---------------------------------------------------
    held        nothing holds it back any more             approval (mode approve), commanded, or ended (SHADOW)
    held        its alert resolved                         heal: ended RESOLVED_BEFORE_ACT
    held        the step cannot become a command           held at the next step
    held        halted or isolated, and a person asked     ended HALTED, ISOLATED
    held        its target is isolated                     respond: held at the next step
    approval    approved                                   commanded; held, if something holds it back by now; or
                                                           approval of a new attempt, if the act is no longer the same
    approval    denied / nobody in time                    ended; respond: held at the next step
    approval    its alert resolved                         heal: ended RESOLVED_BEFORE_ACT
    commanded   outcome succeeded                          heal: verifying; respond: so, or held at the next step;
                                                           revert: ended REVERTED; request: ended DONE
    commanded   outcome conflict                           heal: verifying; respond: held, as a new attempt;
                                                           revert, request: held at the next step
    commanded   outcome expired, refused FENCED/SUPERSEDED held, as a new attempt
    commanded   outcome refused HALTED                     held HALTED, as a new attempt
    commanded   outcome failed, refused                    held at the next step
    commanded   outcome unknown                            held at the next step that only tells, else ended;
                                                           respond: held at the next step
    commanded   nobody answers                             commanded; beside it, its next step that only tells is taken
    verifying   `verify` held for `hold`                   ended VERIFIED; respond: held at the next step
    verifying   `within` passed                            held at the next step
    verifying   no `verify`, and its alert's rule is gone  ended RULE_REMOVED
    scheduled   its time has come                          held
    any         scale: held back, or any outcome           ended by that reason; SCALED, NOT_SCALED (`temper.scaled`)
    any         no next step                               ended (`temper.last_word`)

A conflict means that somebody else changed the target first; whether that helped is for `verify` to say, and that it
contains anything nobody says. What succeeded with a `revert_after` is undone by a ladder of its own: `revert`.
"""

from engine.core import revert
from engine.core.guardrails import Hold, hold
from engine.core.resolve import Refusal, about, changes_target, describe, resolve, same_act
from engine.core.state import Ladder, State, cooldown_key, ladder_beside
from engine.core.temper import ends_with_alert, failed, last_word, responds, scaled, scales, telling, telling_step
from engine.core.turn import Turn
from engine.core.verification import needed_hold_ms, watch, within_ms
from engine.promql import PromqlError
from schemas.commands import Command
from schemas.outcomes import Outcome
from schemas.reasons import Reason

MAX_ATTEMPTS = 5
"""A step that came too late so often is taken as failed: the actuator is overloaded or its clock is wrong."""


def start(turn: Turn, ladder: Ladder) -> None:
    """Begin at the first step."""
    turn.state.ladders[ladder.key] = ladder
    take(turn, ladder, ladder.because)


def take(turn: Turn, ladder: Ladder, because: Reason, *, approved: Command | None = None) -> None:
    """Take the current step, if nothing holds it back. `approved` is the command that a person has just let go."""
    state = turn.state
    ladder.phase, ladder.because, ladder.command = "held", because, None
    if _resolved(state, ladder) and because not in (Reason.FATE_UNKNOWN, Reason.NO_OUTCOME):
        return end(turn, ladder, Reason.RESOLVED_BEFORE_ACT)
    verb = state.program.verb(ladder.current)
    ladder.target = about(ladder, verb)
    if verb and verb.changes_target and (found := hold(turn, ladder)):
        return _hold_back(turn, ladder, found)
    ladder.held_by = None
    command = resolve(state, ladder, turn.now_ms, turn.seq, len(turn.effects))
    if isinstance(command, Refusal):
        return _refused(turn, ladder, command)
    ladder.command = command
    if ladder.rule.mode == "shadow":
        return _only_say(turn, ladder, f"would {describe(command)}")
    if ladder.rule.mode == "approve" and changes_target(state, ladder):
        if approved is None:
            return _ask(turn, ladder, command)
        if not same_act(command, approved):
            return _anew(turn, ladder)
    return _send(turn, ladder, command)


def approve(turn: Turn, ladder: Ladder, by: str, *, deny: bool) -> None:
    """A person answered."""
    if deny:
        return _no_leave(turn, ladder, Reason.APPROVAL_DENIED, by)
    turn.note(ladder, Reason.APPROVED, by=by)
    return take(turn, ladder, Reason.APPROVED, approved=ladder.command)


def answer(turn: Turn, ladder: Ladder, outcome: Outcome) -> None:
    """The outcome of the command that the ladder waits for."""
    if ladder.command:
        turn.state.awaited.pop(ladder.command.id, None)
    changes = changes_target(turn.state, ladder)
    if outcome.status == "succeeded":
        revert.schedule(turn, ladder, outcome)
    match outcome.status:
        case _ if scales(ladder):
            end(turn, ladder, scaled(outcome), outcome.detail)
        case "conflict" if responds(ladder):
            _anew(turn, ladder)
        case "succeeded" | "conflict" if not changes or (responds(ladder) and not ladder.current.verify):
            _next(turn, ladder, Reason.DONE)
        case "succeeded" if ladder.undo:
            end(turn, ladder, Reason.REVERTED)
        case "conflict" if ladder.undo:
            _next(turn, ladder, Reason.STEP_FAILED)
        case "succeeded" if ladder.origin.kind == "control":
            end(turn, ladder, Reason.DONE)
        case "succeeded" | "conflict" if ladder.origin.kind == "rule":
            _verify(turn, ladder)
        case "expired":
            _anew(turn, ladder)
        case "refused" if outcome.reason in (Reason.FENCED, Reason.SUPERSEDED):
            _anew(turn, ladder)
        case "refused" if outcome.reason is Reason.HALTED:
            _halted_there(turn, ladder, outcome.detail)
        case "unknown" if not responds(ladder):
            _fate_unknown(turn, ladder)
        case "unknown":
            _next(turn, ladder, Reason.FATE_UNKNOWN)
        case _:
            _next(turn, ladder, Reason.STEP_FAILED)


def wake(turn: Turn, ladder: Ladder) -> None:
    """A timer of the ladder came due, or something that it waits for may have come."""
    match ladder.phase:
        case "held":
            take(turn, ladder, ladder.because)
        case "approval" if _resolved(turn.state, ladder):
            end(turn, ladder, Reason.RESOLVED_BEFORE_ACT)
        case "approval" if turn.now_ms >= ladder.asked_ms + turn.state.settings.approval_ttl_ms:
            _no_leave(turn, ladder, Reason.APPROVAL_LAPSED)
        case "commanded" if ladder.command and ladder.held_by is not Reason.NO_OUTCOME:
            if turn.now_ms >= ladder.command.deadline_ms + ladder.command.lease_ms:
                ladder.held_by = Reason.NO_OUTCOME
                turn.note(ladder, Reason.NO_OUTCOME)
                _tell_beside(turn, ladder)
        case "verifying":
            check(turn, ladder)
        case "scheduled" if turn.now_ms >= ladder.due_ms:
            take(turn, ladder, ladder.because)


def check(turn: Turn, ladder: Ladder) -> None:
    """Whether the step has helped: its `verify` began to hold within `within`, on fresh data, and held for `hold`."""
    state = turn.state
    hold_ms = needed_hold_ms(state, ladder, turn.now_ms)
    if hold_ms is None:
        deadline_ms = ladder.acted_ms + within_ms(ladder)
        ladder.holding_ms = None
        if turn.now_ms < state.settle_until_ms:
            turn.wake_at(ladder, max(deadline_ms, state.settle_until_ms))
        elif turn.now_ms >= deadline_ms:
            _next(turn, ladder, Reason.VERIFY_FAILED)
        return None
    if ladder.alert_rule not in state.compiled.rules and not ladder.current.verify:
        return end(turn, ladder, Reason.RULE_REMOVED)  # that its alert is gone says nothing about the target
    if ladder.holding_ms is None:
        ladder.holding_ms = turn.now_ms
    if turn.now_ms >= ladder.holding_ms + hold_ms:
        return _next(turn, ladder, Reason.VERIFIED) if responds(ladder) else end(turn, ladder, Reason.VERIFIED)
    return turn.wake_at(ladder, ladder.holding_ms + hold_ms)


def end(turn: Turn, ladder: Ladder, reason: Reason, detail: str = "", by: str = "") -> None:
    """The ladder is over. Cooldown begins on what it acted on, and whoever waited for that is looked at again."""
    state = turn.state
    ladder.phase = "ended"
    turn.note(ladder, reason, detail, by=by)
    state.watches.pop(ladder.key, None)
    del state.ladders[ladder.key]
    for target in ladder.acted_on:
        key = cooldown_key(ladder, target)
        state.at_work.pop(key, None)
        if ladder.rule.cooldown_ms:
            state.cooldowns[key] = turn.now_ms + ladder.rule.cooldown_ms
        for other in state.ladders.values():
            if other.held_by is Reason.COOLDOWN and cooldown_key(other, other.target) == key:
                turn.wake_at(other, turn.now_ms)


# --- the steps between ---


def _resolved(state: State, ladder: Ladder) -> bool:
    return ends_with_alert(ladder) and not ((alert := state.alert_of(ladder)) and alert.firing)


def _hold_back(turn: Turn, ladder: Ladder, found: Hold) -> None:
    """Wait until nothing objects; but a person is told at once, and a response goes on from what is isolated."""
    if scales(ladder) or (ladder.origin.kind == "control" and not ladder.undo):
        return end(turn, ladder, found.reason, found.detail)
    if ladder.held_by is not found.reason:
        ladder.held_by = found.reason
        turn.note(ladder, found.reason, found.detail)
    if found.reason is Reason.ISOLATED and responds(ladder):
        return _next(turn, ladder, Reason.STEP_FAILED)
    if found.until_ms is not None:
        turn.wake_at(ladder, found.until_ms)
    return None


def _refused(turn: Turn, ladder: Ladder, refusal: Refusal) -> None:
    """The step cannot become a command. That there is nothing left to undo is as good as undone."""
    if ladder.undo and refusal.reason is Reason.NOTHING_TO_DO:
        return end(turn, ladder, refusal.reason, refusal.detail)
    turn.note(ladder, refusal.reason, refusal.detail)
    return _next(turn, ladder, Reason.STEP_FAILED)


def _only_say(turn: Turn, ladder: Ladder, what: str) -> None:
    """In shadow a ladder that heals ends here, for nothing tells whether the step would have helped."""
    if not responds(ladder):
        return end(turn, ladder, Reason.SHADOW, what)
    turn.note(ladder, Reason.SHADOW, what)
    return _next(turn, ladder, Reason.DONE)


def _no_leave(turn: Turn, ladder: Ladder, reason: Reason, by: str = "") -> None:
    """No is said to this act; a response has others."""
    if not responds(ladder):
        return end(turn, ladder, reason, by=by)
    turn.note(ladder, reason, by=by)
    return _next(turn, ladder, reason)


def _ask(turn: Turn, ladder: Ladder, command: Command) -> None:
    ladder.phase, ladder.asked_ms = "approval", turn.now_ms
    turn.note(ladder, Reason.AWAITING_APPROVAL, f"to {describe(command)}")
    turn.wake_at(ladder, turn.now_ms + turn.state.settings.approval_ttl_ms)


def _send(turn: Turn, ladder: Ladder, command: Command) -> None:
    ladder.phase, ladder.held_by = "commanded", None
    if changes_target(turn.state, ladder) and command.target not in ladder.acted_on:
        ladder.acted_on = (*ladder.acted_on, command.target)
        turn.state.at_work[cooldown_key(ladder, command.target)] = ladder.key
    turn.state.awaited[command.id] = ladder.key
    turn.effects.append(command)
    turn.note(ladder, ladder.because, describe(command), kind="command")
    turn.wake_at(ladder, command.deadline_ms + command.lease_ms)


def _verify(turn: Turn, ladder: Ladder) -> None:
    ladder.phase, ladder.acted_ms, ladder.holding_ms = "verifying", turn.now_ms, None
    try:
        watched = watch(turn.state, ladder)
    except PromqlError as error:
        turn.note(ladder, Reason.EVALUATION_FAILED, str(error))
        return _next(turn, ladder, Reason.VERIFY_FAILED)
    if watched:
        turn.state.watches[ladder.key] = watched
    turn.wake_at(ladder, ladder.acted_ms + within_ms(ladder))
    return check(turn, ladder)


def _anew(turn: Turn, ladder: Ladder) -> None:
    """The command had no effect for want of time or leave: decide again on the present state, under a new id."""
    ladder.attempt += 1
    too_often = ladder.attempt >= MAX_ATTEMPTS
    return _next(turn, ladder, Reason.STEP_FAILED) if too_often else take(turn, ladder, Reason.DECIDED_ANEW)


def _halted_there(turn: Turn, ladder: Ladder, detail: str) -> None:
    """The actuator may know of a halt before its message reaches us: wait for that instead of asking in a circle."""
    if ladder.origin.kind == "control" and not ladder.undo:
        return end(turn, ladder, Reason.HALTED, detail)
    ladder.phase, ladder.because, ladder.held_by = "held", Reason.DECIDED_ANEW, Reason.HALTED
    turn.note(ladder, Reason.HALTED, detail)
    ladder.attempt, ladder.command = ladder.attempt + 1, None
    return turn.wake_at(ladder, turn.now_ms + turn.state.settings.evaluation_interval_ms)


def _fate_unknown(turn: Turn, ladder: Ladder) -> None:
    """Never repeated and not escalated by another act either: on to the first step that only tells somebody."""
    step = telling(turn.state, ladder)
    if step is None:
        return end(turn, ladder, Reason.FATE_UNKNOWN)
    ladder.step, ladder.attempt = step, 0
    return take(turn, ladder, Reason.FATE_UNKNOWN)


def _tell_beside(turn: Turn, ladder: Ladder) -> None:
    """Only an outcome moves a ladder, but a person must hear of the silence: its next telling step, beside it."""
    for step in telling_step(turn.state, ladder):
        beside = ladder_beside(ladder, step, Reason.NO_OUTCOME)
        if beside.key not in turn.state.ladders:
            start(turn, beside)


def _next(turn: Turn, ladder: Ladder, because: Reason) -> None:
    turn.state.watches.pop(ladder.key, None)
    ladder.failures += failed(because)
    ladder.held_by = None
    if ladder.step + 1 < len(ladder.rule.steps):
        ladder.step, ladder.attempt, ladder.holding_ms = ladder.step + 1, 0, None
        return take(turn, ladder, because)
    return end(turn, ladder, last_word(ladder, because))
