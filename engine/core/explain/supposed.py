"""The ladder that a rule would climb: made as it is made when it begins, and kept by nobody."""

from collections.abc import Iterator

from msgspec.structs import replace

from engine.core.decide import ladder_on
from engine.core.playbooks import ladder_of as run_of
from engine.core.program import HealRule, Playbook
from engine.core.reach import names_by_label
from engine.core.remediation import Ladder
from engine.core.resolve import SCOPE, Refusal, about
from engine.core.scaling.judge import Decision
from engine.core.scaling.loop import ladder_of as scaling_of
from engine.core.scaling.memory import Memory
from engine.core.scaling.rule import ScaleRule
from engine.core.state import Alert
from engine.core.steps import begun_by
from engine.core.turn import Turn
from engine.core.verbs import Verb
from schemas.commands import Origin
from schemas.reasons import Reason


def on_alert(turn: Turn, heal: HealRule, alert_rule: str, alert: Alert) -> Ladder:
    """For this alert, from where it would begin: after the step that had helped, where that was lately."""
    ladder = ladder_on(turn.state, heal, alert_rule, alert)
    helped, until_ms = turn.state.climbed.get(ladder.key, (0, 0))
    if turn.now_ms < until_ms:
        ladder.step = min(helped + 1, len(heal.steps) - 1)
    return ladder


def without_alert(turn: Turn, rule: HealRule | ScaleRule | Playbook) -> Ladder:
    """As if it were its turn now: for no alert, for what was decided last, or with the parameters by default."""
    match rule:
        case HealRule():
            origin = Origin(kind="rule", name=f"{rule.group}/{rule.name}")
            return Ladder(id="supposed", rule=rule, origin=origin, onset=0, because=Reason.ALERT_FIRED)
        case ScaleRule():
            memory = turn.state.scales.get(rule.id) or Memory()
            return scaling_of(rule, Decision(memory.desired, Reason.OFF_TARGET, memory.detail), memory.wanted, turn.seq)
        case Playbook():
            params = {each.name: each.default or "" for each in rule.parameters}
            return run_of(rule, "supposed", params, by="somebody", dry_run=False)


def acts(turn: Turn, ladder: Ladder) -> Iterator[Ladder]:
    """The ladder, and those within it, at each step from here on that changes something. Without any there is nothing
    that a guardrail could object to.
    """
    for position in range(ladder.step, len(ladder.rule.steps)):
        there = replace(ladder, step=position)
        if there.current.kind == "act":
            verb = turn.state.program.verb(there.current)
            if verb is None or verb.changes_target:
                there.target = about(turn, there, verb)
                yield there
        elif there.current.kind in ("parallel", "playbook"):
            children = begun_by(turn, there)
            for child in () if isinstance(children, Refusal) else children:
                yield from acts(turn, child)


def is_aimless(turn: Turn, ladder: Ladder) -> bool:
    """Whether it takes an alert, or the parameters of a run, to know its target."""
    verb = turn.state.program.verb(ladder.current)
    return verb is not None and names_by_label(verb, ladder.current.args, SCOPE)


def aimed(turn: Turn, ladder: Ladder, target: str) -> Ladder | None:
    """The ladder with its step about this target, whatever its templates would say; None where the verb is not for such
    a target.
    """
    verb = turn.state.program.verb(ladder.current)
    names = _names(verb, target) if verb else None
    if verb is None or names is None:
        return None
    naming = {part for parts in verb.targets.values() for part in parts}
    args = {name: value for name, value in ladder.current.args.items() if name not in naming} | names
    owned = turn.state.targets.get(target, ())
    if SCOPE in args and len(owned) == 1:
        args[SCOPE] = owned[0].scope
    steps = list(ladder.rule.steps)
    steps[ladder.step] = replace(ladder.current, args=args)
    # What was rendered is known by the ladder's id.
    return replace(ladder, id=f"{ladder.id} on {target}", rule=replace(ladder.rule, steps=tuple(steps)), target=target)


def _names(verb: Verb, target: str) -> dict[str, str] | None:
    """The arguments that name the target, None where it is of no kind that the verb is for."""
    kind, _, name = target.partition(":")
    parts, values = verb.targets.get(kind, ()), name.split("/")
    return dict(zip(parts, values, strict=True)) if parts and len(parts) == len(values) else None
