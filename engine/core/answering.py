"""Where a ladder goes on the outcome of its command, or without one.

A command may be begun until its deadline, takes no longer than its verb may, and is taken up again `lease_ms` after
whoever had it died: one that is silent for longer is told to people. An actuator that comes back soon answers all the
same. One that stays away for `AWAY_MS` more is answered for: nobody knows what it did.
"""

from msgspec.structs import replace

from engine.core import acting, notices, playbooks, revert
from engine.core.moves import End, Jump, Move, Next, Verify, anew, to_somebody
from engine.core.remediation import Ladder
from engine.core.resolve import changes_target
from engine.core.state import State
from engine.core.temper import plays, responds, scaled, scales, telling_step
from engine.core.turn import Turn
from schemas.commands import Command
from schemas.outcomes import Outcome
from schemas.reasons import Reason


def answered(turn: Turn, ladder: Ladder, outcome: Outcome) -> Move:
    """The outcome of the command that the ladder waits for."""
    changes = changes_target(turn.state, ladder)
    if outcome.status == "succeeded":
        revert.schedule(turn, ladder, outcome)
    match outcome.status:
        case _ if scales(ladder):
            return End(scaled(outcome), outcome.detail)
        case "conflict" if responds(ladder) or plays(ladder):
            return anew(ladder)
        case "succeeded" if plays(ladder):
            return Verify() if ladder.current.verify else Next(Reason.DONE)
        case "unknown" if plays(ladder) and changes:
            return playbooks.unknown(turn, ladder)
        case "succeeded" | "conflict" if not changes or (responds(ladder) and not ladder.current.verify):
            return Next(Reason.DONE)
        case "succeeded" if ladder.undo:
            return End(Reason.REVERTED)
        case "conflict" if ladder.undo:
            return Next(Reason.STEP_FAILED)
        case "succeeded" if ladder.origin.kind == "control":
            return End(Reason.DONE)
        case "succeeded" | "conflict" if ladder.origin.kind == "rule":
            return Verify()
        case "expired":
            return anew(ladder)
        case "refused" if outcome.reason in (Reason.FENCED, Reason.SUPERSEDED):
            return anew(ladder)
        case "refused" if outcome.reason is Reason.HALTED:
            return _halted_there(turn, ladder, outcome.detail)
        case "unknown" if not responds(ladder) and changes:
            return _unknown(turn, ladder)
        case "unknown" if changes:
            return Next(Reason.FATE_UNKNOWN)
        case _:
            return Next(Reason.STEP_FAILED)


AWAY_MS = 5 * 60_000
"""So long an actuator may be silent beyond its time, as when its node starts anew, before it is answered for."""


def silent_ms(state: State, ladder: Ladder, command: Command) -> int:
    """From when on an answer is overdue. While nobody was deciding, nobody could hear one either."""
    verb = state.program.verb(ladder.current)
    since_ms = max(command.deadline_ms, state.unsettled_ms or 0)
    return since_ms + command.lease_ms + (verb.timeout_ms if verb else 0)


def overdue(turn: Turn, ladder: Ladder) -> None:
    """Only an outcome moves a ladder, but a person must hear of the silence: its next telling step, beside it."""
    command = ladder.command
    if command is None:
        return
    at_ms = silent_ms(turn.state, ladder, command)
    if turn.now_ms < at_ms:
        turn.wake_at(ladder, at_ms)
        return
    turn.wake_at(ladder, at_ms + AWAY_MS)
    if ladder.held_by is Reason.NO_OUTCOME:
        return
    ladder.held_by = Reason.NO_OUTCOME
    turn.note(ladder, Reason.NO_OUTCOME)
    for step in telling_step(turn.state, ladder):
        rule = replace(ladder.rule, kind="heal", steps=(step,), cooldown_ms=0)
        suffix = f"{ladder.step}.{ladder.attempt}"
        turn.begun.append(ladder.beside(Reason.NO_OUTCOME, suffix, Reason.NO_OUTCOME, rule))


def answered_for(turn: Turn, ladder: Ladder) -> Outcome | None:
    """The outcome of a command whose actuator has been silent for too long; None while it may yet answer."""
    command = ladder.command
    if ladder.phase != "commanded" or command is None:
        return None
    if turn.now_ms < silent_ms(turn.state, ladder, command) + AWAY_MS:
        return None
    return Outcome(
        command=command.id,
        actuator=command.actuator,
        scope=command.scope,
        verb=command.verb,
        target=command.target,
        status="unknown",
        executor="",
        started_ms=command.issued_ms,
        finished_ms=turn.now_ms,
        reason=Reason.NO_OUTCOME,
        detail=f"nobody answered for {(turn.now_ms - command.issued_ms) // 1000} s",
    )


def _unknown(turn: Turn, ladder: Ladder) -> Move:
    """Never repeated, and not escalated by another act either. Who was told of the silence knows already."""
    if ladder.held_by is Reason.NO_OUTCOME and telling_step(turn.state, ladder):
        return End(Reason.FATE_UNKNOWN)
    move = to_somebody(turn, ladder, Reason.FATE_UNKNOWN)
    if not isinstance(move, Jump):
        what = f"{ladder.current.verb} {ladder.target}, {ladder.origin.name}"
        notices.once(turn, ladder.id, Reason.FATE_UNKNOWN, f"nobody knows whether it was done: {what}")
    return move


def _halted_there(turn: Turn, ladder: Ladder, detail: str) -> Move:
    """The actuator may know of a halt before its message reaches us: wait for that instead of asking in a circle."""
    if ladder.origin.kind == "control" and not ladder.undo:
        return End(Reason.HALTED, detail)
    acting.over(turn, ladder)
    ladder.phase, ladder.because, ladder.held_by = "held", Reason.DECIDED_ANEW, Reason.HALTED
    turn.note(ladder, Reason.HALTED, detail)
    ladder.attempt, ladder.command = ladder.attempt + 1, None
    turn.wake_at(ladder, turn.now_ms + turn.state.settings.evaluation_interval_ms)
    return None
