"""What ladders differ in. All of them climb by the one table in `ladder`; here is told where their tempers part.

    temper    takes its next step                    an alert that resolves  is over as
    --------  -------------------------------------  ----------------------  -----------------------------------
    heal      when the one before has not helped     ends it                 VERIFIED, EXHAUSTED, …
    respond   always, each once: containment counts  does not matter         RESPONDED, RESPONDED_IN_PART
    request   has one step                           there is none           DONE, or why it was not done
    scale     has one step                           there is none           SCALED, NOT_SCALED, or why it was held
    playbook  when the one before has succeeded      there is none           COMPLETED, FAILED, COMPENSATED, …
    revert    when the undo failed, to tell of it    does not matter         REVERTED, NOT_REVERTED

A response is no cure: that the alert is gone says nothing about who was there, so it is no reason to stop.
"""

from engine.core.program import Step
from engine.core.remediation import Ladder
from engine.core.state import State
from schemas.outcomes import Outcome
from schemas.reasons import Reason

_WELL = frozenset({Reason.DONE, Reason.VERIFIED})


def responds(ladder: Ladder) -> bool:
    """Whether it takes all its steps."""
    return ladder.rule.kind == "respond"


def plays(ladder: Ladder) -> bool:
    """Whether it is a playbook, or a branch of one: each step needs the one before."""
    return ladder.rule.kind == "playbook"


def scales(ladder: Ladder) -> bool:
    """Whether it is one decision of a scaling rule: what holds it back ends it, for the next one is decided anew."""
    return ladder.rule.kind == "scale"


def ends_with_alert(ladder: Ladder) -> bool:
    """Whether it has nothing left to do when its alert has resolved."""
    return ladder.origin.kind == "rule" and ladder.rule.kind == "heal" and ladder.undo is None


def is_resolved(state: State, ladder: Ladder) -> bool:
    """Whether there is nothing left to do, as its alert does not fire."""
    alert = state.alert_of(ladder)
    return ends_with_alert(ladder) and not (alert and alert.firing)


def failed(because: Reason) -> bool:
    """Whether a ladder that goes on for this reason leaves a step behind that did not succeed."""
    return because not in _WELL


def last_word(ladder: Ladder, because: Reason) -> Reason:
    """Why a ladder without a next step is over, when it would go on `because`."""
    if ladder.undo:
        return Reason.NOT_REVERTED
    if responds(ladder):
        if ladder.rule.mode == "shadow":
            return Reason.SHADOW
        return Reason.RESPONDED_IN_PART if ladder.failures else Reason.RESPONDED
    if scales(ladder):
        return Reason.NOT_SCALED
    if ladder.origin.kind == "control" or (because is Reason.DONE and not ladder.acted_on):
        return because
    return Reason.EXHAUSTED


def scaled(outcome: Outcome) -> Reason:
    """Why the ladder of a scaling rule is over, when its command was answered so."""
    if outcome.status == "unknown":
        return Reason.FATE_UNKNOWN
    if outcome.reason is Reason.HALTED:
        return Reason.HALTED
    return Reason.SCALED if outcome.status == "succeeded" else Reason.NOT_SCALED


def telling(state: State, ladder: Ladder) -> int | None:
    """The next of its steps that tells somebody, by position."""
    for position in range(ladder.step + 1, len(ladder.rule.steps)):
        verb = state.program.verb(ladder.rule.steps[position])
        if verb and not verb.changes_target and not verb.looks:
            return position
    return None


def telling_step(state: State, ladder: Ladder) -> tuple[Step, ...]:
    """That step itself, or none."""
    position = telling(state, ladder)
    return () if position is None else (ladder.rule.steps[position],)
