"""Who must let an act go before it is sent, and whether they have."""

from engine.core import notices
from engine.core.command import describe
from engine.core.moves import End, Jump, Move, Next, Take, to_somebody
from engine.core.policy import Act, Approval
from engine.core.remediation import Ladder
from engine.core.state import State
from engine.core.temper import plays, responds
from engine.core.turn import Turn
from schemas.commands import Command
from schemas.reasons import Reason


def wanted(state: State, ladder: Ladder, act: Act) -> Approval | None:
    """The approval that the policy, or the mode of the rule, wants for the act; None where it may go. Undoing what was
    approved needs no second word.
    """
    if ladder.undo:
        return None
    for approval in state.program.policy.approvals:
        if approval.acts.has(act):
            return approval
    if ladder.rule.mode != "approve":
        return None
    return Approval(source=ladder.rule.source, deadline_ms=state.settings.approval_ttl_ms)


def is_given(ladder: Ladder, approval: Approval, because: Reason) -> bool:
    """Whether what people have said so far is enough, for the policy may want more by now than it did then."""
    if because is Reason.APPROVAL_LAPSED:
        return approval.lapse == "proceed"
    heard = [by for by in ladder.approved_by if not approval.by or by in approval.by]
    return len(heard) >= approval.count


def ask(turn: Turn, ladder: Ladder, command: Command, approval: Approval) -> Move:
    """Wait for people to let the command go."""
    return _wait(turn, ladder, approval, f"to {describe(command)}")


def _wait(turn: Turn, ladder: Ladder, approval: Approval, for_what: str) -> Move:
    ladder.phase, ladder.asked, ladder.approved_by = "approval", approval, ()
    ladder.lapses_ms = turn.now_ms + (approval.deadline_ms or turn.state.settings.approval_ttl_ms)
    turn.note(ladder, Reason.AWAITING_APPROVAL, for_what + whose(approval))
    turn.wake_at(ladder, ladder.lapses_ms)
    return None


def waits_as(ladder: Ladder) -> str:
    """By what people name what waits for them: the command, or the run that is to go on."""
    return ladder.command.id if ladder.command else ladder.id


def ask_to_go_on(turn: Turn, ladder: Ladder, approval: Approval) -> Move:
    """Wait for people at a step that is nothing else."""
    return _wait(turn, ladder, approval, "to go on")


def answered(turn: Turn, ladder: Ladder, by: str, *, deny: bool) -> Move:
    """A person answered for the ladder that waits. Each counts once."""
    if wrong := _may_not(ladder, by):
        turn.note(ladder, Reason.NOT_AN_APPROVER, wrong, by=by)
        return None
    if deny:
        return _no_leave(turn, ladder, Reason.APPROVAL_DENIED, by)
    ladder.approved_by = tuple(dict.fromkeys((*ladder.approved_by, by)))
    left = (ladder.asked.count if ladder.asked else 1) - len(ladder.approved_by)
    turn.note(ladder, Reason.APPROVED, f"{left} more must approve" if left > 0 else "", by=by)
    return None if left > 0 else _leave(ladder, Reason.APPROVED)


def lapsed(turn: Turn, ladder: Ladder) -> Move:
    """Not enough people answered in time: what the policy wants then."""
    match ladder.asked.lapse if ladder.asked else "deny":
        case "proceed":
            turn.note(ladder, Reason.APPROVAL_LAPSED, "it goes on all the same, as the policy says")
            return _leave(ladder, Reason.APPROVAL_LAPSED)
        case "escalate":
            turn.note(ladder, Reason.APPROVAL_LAPSED)
            move = to_somebody(turn, ladder, Reason.APPROVAL_LAPSED)
            if not isinstance(move, Jump):
                what = describe(ladder.command) if ladder.command else "to go on"
                notices.once(turn, ladder.id, Reason.APPROVAL_LAPSED, f"{what}, {ladder.origin.name}")
            return move
        case _:
            return _no_leave(turn, ladder, Reason.APPROVAL_LAPSED)


def _leave(ladder: Ladder, because: Reason) -> Move:
    return Next(Reason.DONE) if ladder.command is None else Take(because, approved=ladder.command)


def _no_leave(turn: Turn, ladder: Ladder, reason: Reason, by: str = "") -> Move:
    """No is said to this act; a response has others."""
    if not (responds(ladder) or plays(ladder)):
        return End(reason, by=by)
    turn.note(ladder, reason, by=by)
    return Next(reason)


def _may_not(ladder: Ladder, by: str) -> str:
    """Why it is not for this person to say; empty where it is. Nobody lets their own request go; but whoever runs a
    playbook may be asked whether to go on."""
    approval = ladder.asked
    own = by == (ladder.origin.name if ladder.origin.kind == "control" else ladder.by)
    if own and ladder.command is not None:
        wanted = whose(approval).removeprefix("; ") if approval and approval.by else ""
        return f"{wanted}, and nobody lets an act of their own go".removeprefix(", and ")
    listed = approval is None or not approval.by or by in approval.by
    return "" if listed or approval is None else whose(approval).removeprefix("; ")


def whose(approval: Approval) -> str:
    """Whose word is wanted, where not anybody's will do."""
    if approval.count == 1 and not approval.by:
        return ""
    return f"; {approval.count} of {', '.join(approval.by) or 'anybody'} must approve ({approval.source})"
