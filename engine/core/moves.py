"""Where a ladder goes from where it is. What decides says so by one of these values; `ladder` goes there."""

from typing import NamedTuple

from engine.core.remediation import Ladder
from engine.core.temper import plays, telling
from engine.core.turn import Turn
from schemas.commands import Command
from schemas.reasons import Reason

MAX_ATTEMPTS = 5
"""A step that came too late so often is taken as failed: the actuator is overloaded or its clock is wrong."""


class Take(NamedTuple):
    """Take the current step. `approved` is the command that people have just let go."""

    because: Reason
    approved: Command | None = None


class Verify(NamedTuple):
    """See whether the current step, which had its effect, has helped."""


class Next(NamedTuple):
    """Go on at the next step."""

    because: Reason


class Jump(NamedTuple):
    """Go on at a later step."""

    step: int
    because: Reason


class End(NamedTuple):
    """It is over."""

    reason: Reason
    detail: str = ""
    by: str = ""


Move = Take | Verify | Next | Jump | End | None
"""None: it stays where it is, and waits."""


def anew(ladder: Ladder) -> Move:
    """The command had no effect for want of time or leave: decide again on the present state, under a new id."""
    ladder.attempt += 1
    return Next(Reason.STEP_FAILED) if ladder.attempt - ladder.tries >= MAX_ATTEMPTS else Take(Reason.DECIDED_ANEW)


def to_somebody(turn: Turn, ladder: Ladder, reason: Reason) -> Move:
    """No further act: on to the first step that only tells somebody. A playbook's later steps need this one."""
    if plays(ladder):
        return Next(reason)
    step = telling(turn.state, ladder)
    return End(reason) if step is None else Jump(step, reason)
