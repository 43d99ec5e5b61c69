"""Where a rule's running ladders are, and what they wait for."""

from engine.core.approvals import waits_as
from engine.core.command import describe
from engine.core.explain.told import Standing, Verdict, Why
from engine.core.explain.verdicts import asking, first
from engine.core.remediation import Ladder
from engine.core.state import State
from engine.core.steps import describe as describe_step
from engine.core.verification import expected, within_ms
from schemas.reasons import Reason


def running(state: State, origin: str) -> list[Ladder]:
    """The rule's ladders, and those that they began: playbooks, what undoes an act; in the order of their beginning."""
    own = {ladder.id for ladder in state.ladders.values() if ladder.origin.name == origin}
    return [
        ladder
        for ladder in state.ladders.values()
        # One that another began has the other's id, and more.
        if ladder.id.partition("-")[0] in own or ladder.id in own or ladder.origin.name == f"{origin}/undo"
    ]


def standing(ladder: Ladder, found: tuple[Verdict, ...] = (), does: str = "") -> Standing:
    """Where it is. `found` is what the guardrails say by now of its current step, and `does` what that would do."""
    return Standing(
        ladder=ladder.id,
        target=ladder.command.target if ladder.command else ladder.target,
        phase=ladder.phase,
        step=ladder.step,
        of=len(ladder.rule.steps),
        why=_why(ladder, found),
        does=(does if ladder.phase == "held" else "") or _does(ladder),
        alert=ladder.alert,
        waits_as=waits_as(ladder) if ladder.phase == "approval" else "",
    )


def _does(ladder: Ladder) -> str:
    if ladder.command:
        return describe(ladder.command)
    return f"{ladder.current.verb}" if ladder.current.kind == "act" else describe_step(ladder)


def _why(ladder: Ladder, found: tuple[Verdict, ...]) -> Why:
    match ladder.phase:
        case "held":
            # What held it when it was looked at last, if nothing is said of now.
            noted = Why(reason=ladder.held_by or Reason.NOTHING_OBJECTS)
            return (first(found) or Why(reason=Reason.NOTHING_OBJECTS)) if found else noted
        case "approval":
            return asking(ladder)
        case "commanded":
            reason = ladder.held_by or Reason.COMMAND_UNDER_WAY
            deadline_ms = ladder.command.deadline_ms if ladder.command else None
            return Why(reason=reason, detail=_does(ladder), until_ms=deadline_ms)
        case "verifying":
            return Why(reason=Reason.VERIFYING, detail=expected(ladder), until_ms=ladder.acted_ms + within_ms(ladder))
        case "scheduled":
            reason = Reason.REVERT_SCHEDULED if ladder.undo else Reason.WAITING_FOR_TIME
            return Why(reason=reason, until_ms=ladder.due_ms)
        case _:
            left = [key for key, ended in ladder.children.items() if ended is None]
            return Why(reason=Reason.WAITING_FOR_OTHERS, detail=_does(ladder) + f", {len(left)} of them")
