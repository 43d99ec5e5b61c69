"""What can hold a step back although its alert fires: each guardrail is one function, asked in order.

A guardrail says what it objects to and until when; what becomes of the ladder meanwhile is for `ladder` to say.
"""

from collections.abc import Callable
from typing import NamedTuple

from engine.core.state import Ladder, cooldown_key
from engine.core.turn import Turn
from schemas.reasons import Reason


class Hold(NamedTuple):
    """Why a step must wait. `until_ms` None: until something happens that wakes the ladder."""

    reason: Reason
    detail: str = ""
    until_ms: int | None = None


def hold(turn: Turn, ladder: Ladder) -> Hold | None:
    """The first objection to changing the ladder's target now."""
    return next((found for guardrail in GUARDRAILS if (found := guardrail(turn, ladder))), None)


def _halted(turn: Turn, ladder: Ladder) -> Hold | None:
    halt = turn.state.halt_on(ladder.target)
    return Hold(Reason.HALTED, f"by {halt.by}" + (f": {halt.why}" if halt.why else "")) if halt else None


def _settling(turn: Turn, ladder: Ladder) -> Hold | None:
    """A person may act while the rules' knowledge is stale: only what rules decide waits."""
    until_ms = turn.state.settle_until_ms
    settled = turn.now_ms >= until_ms or ladder.origin.kind != "rule"
    return None if settled else Hold(Reason.SETTLING, until_ms=until_ms)


def _isolated(turn: Turn, ladder: Ladder) -> Hold | None:
    """What is isolated stands still as evidence: only its release, whose target is the isolation itself, acts on it."""
    owned = turn.state.targets.get(ladder.target, ())
    # In the inventory of a unit test everything is text.
    return (
        Hold(Reason.ISOLATED)
        if any(each.target.attributes.get("isolated") in (True, "true") for each in owned)
        else None
    )


def _cooling(turn: Turn, ladder: Ladder) -> Hold | None:
    """One ladder of a rule at a time on a target, and `cooldown` between two of them; never within one."""
    if ladder.origin.kind != "rule" or ladder.target in ladder.acted_on:
        return None
    key = cooldown_key(ladder, ladder.target)
    if key in turn.state.at_work:
        return Hold(Reason.COOLDOWN, "another ladder of this rule is at work on the target")
    until_ms = turn.state.cooldowns.get(key, 0)
    return Hold(Reason.COOLDOWN, until_ms=until_ms) if turn.now_ms < until_ms else None


GUARDRAILS: tuple[Callable[[Turn, Ladder], Hold | None], ...] = (_halted, _settling, _isolated, _cooling)
