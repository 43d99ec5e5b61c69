"""Where a ladder goes on the outcome of its command, or without one."""

from msgspec.structs import replace

from engine.core import acting, playbooks, revert
from engine.core.moves import End, Move, Next, Verify, anew, to_somebody
from engine.core.resolve import changes_target
from engine.core.state import Ladder
from engine.core.temper import plays, responds, scaled, scales, telling_step
from engine.core.turn import Turn
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
        case "unknown" if plays(ladder):
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
        case "unknown" if not responds(ladder):
            # Never repeated, and not escalated by another act either.
            return to_somebody(turn, ladder, Reason.FATE_UNKNOWN)
        case "unknown":
            return Next(Reason.FATE_UNKNOWN)
        case _:
            return Next(Reason.STEP_FAILED)


def overdue(turn: Turn, ladder: Ladder) -> None:
    """Only an outcome moves a ladder, but a person must hear of the silence: its next telling step, beside it."""
    command = ladder.command
    if command is None or ladder.held_by is Reason.NO_OUTCOME or turn.now_ms < command.deadline_ms + command.lease_ms:
        return
    ladder.held_by = Reason.NO_OUTCOME
    turn.note(ladder, Reason.NO_OUTCOME)
    for step in telling_step(turn.state, ladder):
        rule = replace(ladder.rule, kind="heal", steps=(step,), cooldown_ms=0)
        suffix = f"{ladder.step}.{ladder.attempt}"
        turn.begun.append(ladder.beside(Reason.NO_OUTCOME, suffix, Reason.NO_OUTCOME, rule))


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
