"""A step's `revert_after`: when its command has had its effect, a ladder of its own waits to undo it.

That ladder is kept like any other, so it comes due whatever died meanwhile. It asks for exactly what the outcome said
would undo the effect, as long as the target is still as the effect left it; what was released or changed by somebody
else since is let alone.
"""

from msgspec.structs import replace

from engine.core.program import Step
from engine.core.remediation import Ladder
from engine.core.resolve import SCOPE
from engine.core.temper import telling_step
from engine.core.turn import Turn
from schemas.outcomes import Outcome, Undo
from schemas.reasons import Reason


def schedule(turn: Turn, ladder: Ladder, outcome: Outcome) -> None:
    """See to it that what the ladder's command did is undone, if its step says after how long."""
    after_ms = ladder.command.revert_after_ms if ladder.command else None
    if after_ms is None:
        return
    if outcome.undo is None:
        turn.note(ladder, Reason.NOT_REVERTED, "the actuator did not say what would undo it")
        return
    later = _undoing(turn, ladder, outcome, outcome.undo, turn.now_ms + after_ms)
    turn.state.ladders[later.key] = later
    given = "".join(f" {name}={value}" for name, value in outcome.undo.args.items())
    what = f"{outcome.undo.verb} {outcome.undo.target}{given}"
    turn.note(later, Reason.REVERT_SCHEDULED, f"{what} in {after_ms / 1000:g} s")
    turn.wake_at(later, later.due_ms)


def _undoing(turn: Turn, ladder: Ladder, outcome: Outcome, undo: Undo, due_ms: int) -> Ladder:
    """First the undo; where that fails, the next of the ladder's steps that tells somebody."""
    first = Step(verb=undo.verb, args={SCOPE: outcome.scope}, actuator=outcome.actuator)
    steps = (first, *telling_step(turn.state, ladder))
    rule = replace(ladder.rule, kind="heal", mode="auto", steps=steps, cooldown_ms=0)
    later = ladder.beside("undo", f"{ladder.step}-undo", Reason.REVERT_DUE, rule)
    later.target, later.phase, later.undo, later.due_ms, later.by = undo.target, "scheduled", undo, due_ms, ladder.by
    return later
