"""What every guardrail says of a step, in the order in which they are asked, and people after them."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from engine.core import acting, approvals
from engine.core.command import command_of, describe
from engine.core.explain.told import Verdict, Why
from engine.core.guardrails import OF_COMMAND, OF_LADDER, Hold, Never
from engine.core.guardrails.blast import budgets_exceeded
from engine.core.guardrails.pace import limits_reached
from engine.core.guardrails.room import within_budgets, within_limits
from engine.core.guardrails.standing import emergency, halted, settling
from engine.core.policy import Act
from engine.core.remediation import Ladder
from engine.core.resolve import Refusal, resolve
from engine.core.taking import touching
from engine.core.turn import Turn
from schemas.commands import Command
from schemas.reasons import Reason

ASKS = {
    "halted": "did a person stop this?",
    "emergency": "may this rule act in an emergency?",
    "settling": "is what happened meanwhile known?",
    "isolated": "is the target isolated?",
    "flapping": "was it healed again and again?",
    "cooling": "is the rule's last ladder over for long enough?",
    "command": "can the step be a command now?",
    "allowed": "may the verb be used here?",
    "protected": "is the target protected?",
    "fresh": "are samples and inventory recent?",
    "in_time": "do the maintenance windows let it?",
    "limited": "is there room within the limits?",
    "blast_radius": "is there room within the blast radius?",
    "mode": "is the rule out of shadow?",
    "approved": "did people let it go?",
}
"""What each of them asks, in order. `command`, `mode` and `approved` are no guardrails, but stand in the way too."""

_EVERY: Mapping[str, Callable[[Turn, Ladder, Act], Iterable[Hold | Never]]] = {
    "limited": limits_reached,
    "blast_radius": budgets_exceeded,
}
_ROOM: Mapping[str, Callable[[Turn, Act], Iterator[str]]] = {
    "limited": within_limits,
    "blast_radius": within_budgets,
}


def verdicts(turn: Turn, ladder: Ladder) -> tuple[str, tuple[Verdict, ...]]:
    """What the ladder's current step, which is an act, would do, in words, and what each of them says of it."""
    what = resolve(turn, ladder)
    found = [_verdict(asked.__name__, asked(turn, ladder)) for asked in OF_LADDER]
    if isinstance(what, Refusal):
        found.append(_verdict("command", what))
        return "", (*found, *(_not_asked(each.__name__) for each in OF_COMMAND), _mode(ladder), _not_asked("approved"))
    command, act = command_of(turn, ladder, what), acting.act_of(turn.state, ladder, what)
    found.append(Verdict(guardrail="command", asks=ASKS["command"], detail=describe(command)))
    found += (_of_act(turn, ladder, act, asked) for asked in OF_COMMAND)
    return describe(command) + touching(act), (*found, _mode(ladder), _approved(turn, ladder, command, act))


def without_target(turn: Turn, ladder: Ladder) -> tuple[Verdict, ...]:
    """The same of a ladder of which nobody knows yet what it will be about: only what is about its rule is asked."""
    of_rule = (halted, emergency, settling)
    of_ladder = (_verdict(each.__name__, each(turn, ladder)) if each in of_rule else None for each in OF_LADDER)
    known = {each.guardrail: each for each in (*of_ladder, _mode(ladder)) if each}
    return tuple(known.get(name) or _not_asked(name) for name in ASKS)


def why(objection: Hold | Never | Refusal) -> Why:
    """An objection, as it is told."""
    until_ms = objection.until_ms if isinstance(objection, Hold) else None
    source = "" if isinstance(objection, Refusal) else objection.source
    return Why(reason=objection.reason, detail=objection.detail, until_ms=until_ms, source=source)


def first(found: Iterable[Verdict]) -> Why | None:
    """The first objection: what the engine would give as the reason."""
    return next((each.objections[0] for each in found if each.objections), None)


def _not_asked(name: str) -> Verdict:
    return Verdict(guardrail=name, asks=ASKS[name], asked=False)


def _verdict(name: str, *objections: Hold | Never | Refusal | None) -> Verdict:
    return Verdict(guardrail=name, asks=ASKS[name], objections=tuple(why(each) for each in objections if each))


def _of_act(turn: Turn, ladder: Ladder, act: Act, asked: Callable[[Turn, Ladder, Act], Hold | Never | None]) -> Verdict:
    name = asked.__name__
    if every := _EVERY.get(name):
        found = _verdict(name, *every(turn, ladder, act))
        room = "" if found.objections else "; ".join(_ROOM[name](turn, act))
        return Verdict(guardrail=name, asks=ASKS[name], objections=found.objections, detail=room)
    return _verdict(name, asked(turn, ladder, act))


def _mode(ladder: Ladder) -> Verdict:
    shadow = Why(reason=Reason.SHADOW, source=ladder.rule.source)
    objections = (shadow,) if ladder.rule.mode == "shadow" else ()
    return Verdict(guardrail="mode", asks=ASKS["mode"], objections=objections, detail=ladder.rule.mode)


def _approved(turn: Turn, ladder: Ladder, command: Command, act: Act) -> Verdict:
    wanted = approvals.wanted(turn.state, ladder, act)
    objections = (asking(ladder),) if ladder.phase == "approval" else ()
    if wanted and not objections:
        detail = f"people will be asked to let it {describe(command)}{approvals.whose(wanted)}"
        objections = (Why(reason=Reason.AWAITING_APPROVAL, detail=detail, source=wanted.source),)
    return Verdict(guardrail="approved", asks=ASKS["approved"], objections=objections)


def asking(ladder: Ladder) -> Why:
    """Whose word a ladder waits for that has asked for leave."""
    asked = ladder.asked
    what = f"to {describe(ladder.command)}" if ladder.command else "to go on"
    detail = what + (approvals.whose(asked) if asked else "")
    if ladder.approved_by:
        detail += f"; approved by {', '.join(ladder.approved_by)}"
    source = asked.source if asked else ""
    return Why(reason=Reason.AWAITING_APPROVAL, detail=detail, until_ms=ladder.lapses_ms, source=source)
