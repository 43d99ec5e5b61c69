"""The ladder of steps. Every transition of it lives in this file; where tempers part, `temper` says which way.

    phase       on                                         goes to
    ----------  -----------------------------------------  ---------------------------------------------------
    held        nothing holds it back any more             approval (mode approve), commanded, or ended (SHADOW)
    held        its alert resolved                         heal: ended RESOLVED_BEFORE_ACT
    held        the step cannot become a command           held at the next step
    held        what a person asked for is held back       ended HALTED, BLAST_RADIUS, …
    held        its target is flapping                     held at the next step that only tells, else ended
    held        its target is isolated                     respond: held at the next step
    approval    approved                                   commanded; held, if something holds it back by now; or
                                                           approval of a new attempt, if the act is no longer the same
    approval    denied                                     ended; respond: held at the next step
    approval    not enough people in time                  the same; or as the policy says: commanded, or held at the
                                                           next step that only tells
    approval    its alert resolved                         heal: ended RESOLVED_BEFORE_ACT
    commanded   outcome succeeded                          heal: verifying; respond: so, or held at the next step;
                                                           revert: ended REVERTED; request: ended DONE
    commanded   outcome conflict                           heal: verifying; respond: held, as a new attempt;
                                                           revert, request: held at the next step
    commanded   outcome expired, refused FENCED/SUPERSEDED held, as a new attempt
    commanded   outcome refused HALTED                     held HALTED, as a new attempt
    commanded   outcome failed, refused                    held at the next step
    commanded   outcome unknown                            held at the next step that only tells, else ended;
                                                           respond, or nothing to be changed: held at the next step
    commanded   nobody answers in time                     commanded; beside it, its next step that only tells is taken
    commanded   nobody answers for long                    as on the outcome unknown; who was told is not told again
    verifying   `verify` held for `hold`                   ended VERIFIED; respond: held at the next step
    verifying   `within` passed                            held at the next step
    verifying   no `verify`, and its alert's rule is gone  ended RULE_REMOVED
    scheduled   its time has come                          held
    any         scale: held back, or any outcome           ended by that reason; SCALED, NOT_SCALED (`temper.scaled`)
    waiting     the last of its children ended             as after its own act: verifying, held at the next step, …
    any         a playbook's step failed                   held, tried again; waiting for what compensates; else ended
    any         no next step                               ended (`temper.last_word`)

A conflict means that somebody else changed the target first; whether that helped is for `verify` to say, and that it
contains anything nobody says. What succeeded with a `revert_after` is undone by a ladder of its own: `revert`.
"""

from engine.core import acting, answering, approvals, playbooks, steps, verification
from engine.core.moves import End, Jump, Move, Next, Take, Verify
from engine.core.remediation import Ladder, cooldown_key
from engine.core.taking import take
from engine.core.temper import failed, is_resolved, last_word, plays, scales
from engine.core.turn import Turn
from schemas.outcomes import Outcome
from schemas.reasons import Reason


def start(turn: Turn, ladder: Ladder, *, after: int | None = None) -> None:
    """Begin at the first step; or `after` the one that had helped until the alert fired again."""
    if ladder.key in turn.state.ladders:
        return None  # one that still runs for this goes on
    _admit(turn, ladder)
    if after is None:
        return _go(turn, ladder, Take(ladder.because))
    ladder.step = after
    return _go(turn, ladder, Next(Reason.REFIRED))


def _admit(turn: Turn, ladder: Ladder) -> None:
    ladder.within = ladder.outermost  # asked for so often that it is made once
    turn.state.ladders[ladder.key] = ladder


def approve(turn: Turn, ladder: Ladder, by: str, *, deny: bool) -> None:
    """A person answered."""
    _go(turn, ladder, approvals.answered(turn, ladder, by, deny=deny))


def answer(turn: Turn, ladder: Ladder, outcome: Outcome) -> None:
    """The outcome of the command that the ladder waits for."""
    if ladder.command:
        turn.state.awaited.pop(ladder.command.id, None)
    _go(turn, ladder, answering.answered(turn, ladder, outcome))


def check(turn: Turn, ladder: Ladder) -> None:
    """New samples of what its `verify` selects."""
    if ladder.phase == "verifying":
        _go(turn, ladder, verification.check(turn, ladder))


def wake(turn: Turn, ladder: Ladder) -> None:
    """A timer of the ladder came due, or something that it waits for may have come."""
    _go(turn, ladder, _woken(turn, ladder))


def may_abort(ladder: Ladder) -> bool:
    """Only the run of a playbook is ended, and what undoes it already is let go on."""
    return plays(ladder) and ladder.failed_for is None


def abort(turn: Turn, ladder: Ladder, by: str) -> None:
    """A person ends the run of a playbook, with all that it began."""
    if not may_abort(ladder):
        return
    _go(turn, ladder, playbooks.abort(turn, ladder, by))
    _abort_children(turn, ladder, by)


def _abort_children(turn: Turn, ladder: Ladder, by: str) -> None:
    if ladder.phase == "waiting" and ladder.failed_for is None:
        for child in [turn.state.ladders[key] for key in ladder.children if key in turn.state.ladders]:
            abort(turn, child, by)


def end(turn: Turn, ladder: Ladder, reason: Reason, detail: str = "") -> None:
    """What began it no longer wants it."""
    _go(turn, ladder, End(reason, detail))


def _woken(turn: Turn, ladder: Ladder) -> Move:
    if ladder.until_ms is not None and turn.now_ms >= ladder.until_ms and ladder.phase != "commanded":
        return _timed_out(turn, ladder)
    match ladder.phase:
        case "held":
            return Take(ladder.because)
        case "approval" if is_resolved(turn.state, ladder):
            return End(Reason.RESOLVED_BEFORE_ACT)
        case "approval" if turn.now_ms >= ladder.lapses_ms:
            return approvals.lapsed(turn, ladder)
        case "commanded":
            answering.overdue(turn, ladder)
        case "verifying":
            return verification.check(turn, ladder)
        case "scheduled" if turn.now_ms >= ladder.due_ms:
            return Next(Reason.DONE) if ladder.current.kind == "pause" else Take(ladder.because)
    return None


def _go(turn: Turn, ladder: Ladder, move: Move) -> None:
    """Go where it is said, and with all that follows from it."""
    _walk(turn, ladder, move)
    follow_up(turn)


def follow_up(turn: Turn) -> None:
    """What was given rise to begins, and whoever waited for what is over goes on; one after the other, as each may give
    rise to more."""
    while turn.begun or turn.over:
        if turn.begun:
            other = turn.begun.popleft()
            if other.key not in turn.state.ladders:
                _admit(turn, other)
                _walk(turn, other, Take(other.because))
        else:
            child, how = turn.over.popleft()
            if parent := turn.state.ladders.get(child.parent):
                _walk(turn, parent, playbooks.child_ended(turn, parent, child, how))


def _walk(turn: Turn, ladder: Ladder, move: Move) -> None:
    """On from there, until the ladder waits or is over."""
    while move is not None:
        match move:
            case Take(because, approved):
                move = take(turn, ladder, because, approved)
            case Verify():
                if plays(ladder):
                    steps.taken(turn, ladder)  # whether it helps or not, it has had its effect
                move = verification.begin(turn, ladder)
            case Next(because):
                move = _next(turn, ladder, because)
            case Jump(step, because):
                ladder.step, ladder.attempt, ladder.held_by = step, 0, None
                move = Take(because)
            case End(reason, detail, by):
                _end(turn, ladder, reason, detail, by)
                move = None


def _timed_out(turn: Turn, ladder: Ladder) -> Move:
    """The step took too long. What it began is ended first, as it must not go on beside what follows."""
    ladder.until_ms = None
    if ladder.phase != "waiting":
        return Next(Reason.STEP_TIMED_OUT)
    turn.note(ladder, Reason.STEP_TIMED_OUT)
    ladder.tries = ladder.current.retries  # what took too long is not tried again
    _abort_children(turn, ladder, str(Reason.STEP_TIMED_OUT))
    return None


def _next(turn: Turn, ladder: Ladder, because: Reason) -> Move:
    turn.state.watches.pop(ladder.key, None)
    if plays(ladder):
        ladder.until_ms, ladder.held_by, ladder.holding_ms = None, None, None
        return playbooks.next_step(turn, ladder, because, failed=failed(because))
    ladder.failures += failed(because)
    ladder.held_by = None
    if ladder.step + 1 < len(ladder.rule.steps):
        ladder.step, ladder.attempt, ladder.holding_ms = ladder.step + 1, 0, None
        return Take(because)
    return End(last_word(ladder, because))


def _end(turn: Turn, ladder: Ladder, reason: Reason, detail: str, by: str) -> None:
    """The ladder is over. Cooldowns begin, and whoever waited for its end is looked at again."""
    state = turn.state
    ladder.phase = "ended"
    turn.note(ladder, reason, detail, by=by)
    acting.over(turn, ladder)
    playbooks.ended(turn, ladder, reason)
    if ladder.parent:
        turn.over.append((ladder, reason))
    if scales(ladder) and (memory := state.scales.get(ladder.rule.id)):
        memory.ended = reason
    state.watches.pop(ladder.key, None)
    del state.ladders[ladder.key]
    if ladder.acted_on:
        state.climbed.pop(ladder.key, None)
    if reason is Reason.VERIFIED and (alert := state.alert_of(ladder)):
        alert.mended = True
    if ladder.rule.reset_after_ms and reason is Reason.VERIFIED and ladder.origin.kind == "rule":
        state.climbed[ladder.key] = ladder.step, turn.now_ms + ladder.rule.reset_after_ms
    parent = state.ladders.get(ladder.parent)
    acting.give_up(turn, ladder)
    if parent:  # what rests does so from the end of the whole on
        parent.cools |= ladder.cools
        parent.acted_on = (*parent.acted_on, *(each for each in ladder.acted_on if each not in parent.acted_on))
        return
    for key, cooldown_ms in ladder.cools.items():
        state.cooldowns[key] = turn.now_ms + cooldown_ms
    for target in ladder.acted_on:
        key = cooldown_key(ladder, target)
        state.at_work.pop(key, None)
        if ladder.rule.cooldown_ms:
            state.cooldowns[key] = turn.now_ms + ladder.rule.cooldown_ms
        for other in state.ladders.values():
            if other.held_by is Reason.COOLDOWN and cooldown_key(other, other.target) == key:
                turn.wake_at(other, turn.now_ms)
