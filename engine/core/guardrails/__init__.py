"""What can hold a step back although its alert fires. Each guardrail is one function; they are asked in this order, and
the first that objects is the named reason:

    guardrail       asks                                                          reasons
    --------------  ------------------------------------------------------------  -----------------------------
    halted          did a person stop this?                                       HALTED
    emergency       is this rule among those that go on in an emergency?          EMERGENCY
    settling        does the engine know what happened while nobody looked?       SETTLING
    isolated        is the target to be left as it is?                            ISOLATED
    flapping        was the target healed again and again?                        FLAPPING
    cooling         has the rule's last ladder on the target ended long enough?   COOLDOWN
    allowed         may the verb be used in this environment?                     VERB_NOT_ALLOWED
    protected       does the policy protect the target?                           PROTECTED
    fresh           are the samples and the inventory recent?                     STALE_EVIDENCE
    in_time         do the maintenance windows let it?                            MAINTENANCE, OUTSIDE_WINDOW
    limited         is there room within the policy's limits?                     COOLDOWN, RATE_LIMIT, CONCURRENCY
    blast_radius    how many replicas were touched, how many are healthy?         BLAST_RADIUS, LAST_HEALTHY,
                                                                                  STALE_EVIDENCE

The first six look at the ladder and its target, so that nothing is resolved for a step that waits; the others at what
the command would do. After them people are asked, where the rule's mode or the policy wants that. What is past all of
these is sent, and at the actuator signature, fencing, deadline, condition and halt are checked once more.

A guardrail says what it objects to and until when; what becomes of the ladder meanwhile is for `ladder` to say.
"""

from collections.abc import Callable

from engine.core.guardrails.authority import allowed, fresh, protected
from engine.core.guardrails.blast import blast_radius
from engine.core.guardrails.hold import Hold, Never
from engine.core.guardrails.pace import flapping, limited
from engine.core.guardrails.standing import cooling, emergency, halted, isolated, settling
from engine.core.guardrails.windows import in_time
from engine.core.policy import Act
from engine.core.remediation import Ladder
from engine.core.turn import Turn

__all__ = ["OF_COMMAND", "OF_LADDER", "Hold", "Never", "hold", "objection"]

OF_LADDER: tuple[Callable[[Turn, Ladder], Hold | None], ...] = (
    halted,
    emergency,
    settling,
    isolated,
    flapping,
    cooling,
)
OF_COMMAND: tuple[Callable[[Turn, Ladder, Act], Hold | Never | None], ...] = (
    allowed,
    protected,
    fresh,
    in_time,
    limited,
    blast_radius,
)


def hold(turn: Turn, ladder: Ladder) -> Hold | None:
    """The first objection to changing the ladder's target now, whatever would be done to it."""
    for guardrail in OF_LADDER:
        if found := guardrail(turn, ladder):
            return found
    return None


def objection(turn: Turn, ladder: Ladder, act: Act) -> Hold | Never | None:
    """The first objection to this act now."""
    for guardrail in OF_COMMAND:
        if found := guardrail(turn, ladder, act):
            return found
    return None
