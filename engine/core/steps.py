"""Steps that are no act: gates, pauses and approvals, and those that begin ladders of their own and wait for them.

What is run within another ladder is a child of it: branches that go on at once, a playbook, and the compensation for
steps that were taken. Its parent waits, and goes on as the last of them ends.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from engine.core import acting, approvals
from engine.core.moves import Move, Next, Verify
from engine.core.parameters import ParametersInvalid, bound
from engine.core.program import HealRule, Playbook, Step, Temper
from engine.core.reach import is_literal
from engine.core.remediation import Ladder
from engine.core.resolve import Refusal, render_args, rendered
from engine.core.state import State
from engine.core.turn import Turn
from engine.core.verification import expected
from schemas.commands import Origin
from schemas.labels import Labels, canonical
from schemas.reasons import Reason

DEEPEST = 10
"""So deep playbooks may run within each other."""


def begin(turn: Turn, ladder: Ladder) -> Move:
    """It is the turn of the ladder's current step, which is no act."""
    step = ladder.current
    match step.kind:
        case "parallel" | "playbook":
            children = begun_by(turn, ladder)
            if isinstance(children, Refusal):
                return _not_begun(turn, ladder, children)
            turn.note(ladder, Reason.WAITING_FOR_OTHERS, _begins(ladder, children))
            return _wait(turn, ladder, children)
        case _ if ladder.rule.mode == "shadow":
            turn.note(ladder, Reason.SHADOW, f"would wait: {describe(ladder)}")
            return Next(Reason.DONE)
        case "gate":
            turn.note(ladder, Reason.WAITING, describe(ladder))
            return Verify()
        case "pause":
            turn.note(ladder, Reason.WAITING, describe(ladder))
            ladder.phase, ladder.due_ms = "scheduled", turn.now_ms + step.pause_ms
            turn.wake_at(ladder, ladder.due_ms)
            return None
        case _:
            assert step.approval is not None, "a step of kind `approval` says whose"
            return approvals.ask_to_go_on(turn, ladder, step.approval)


def describe(ladder: Ladder) -> str:
    """What the current step, which is no act, waits for, in the words of this run."""
    step = ladder.current
    match step.kind:
        case "gate":
            return f"until {expected(ladder)}"
        case "pause":
            return f"for {step.pause_ms / 1000:g} s"
        case "approval":
            return "for people" + (approvals.whose(step.approval) if step.approval else "")
        case _:
            return step.name or step.kind


def _begins(ladder: Ladder, children: Sequence[Ladder]) -> str:
    if ladder.current.kind == "parallel":
        return f"{len(children)} branches" + (f", {ladder.current.name}" if ladder.current.name else "")
    return " ".join([children[0].rule.name, *(f"{name}={value}" for name, value in children[0].alert_labels)])


def begun_by(turn: Turn, ladder: Ladder) -> Sequence[Ladder] | Refusal:
    """The ladders that the current step begins, of branches or of a playbook; nothing is changed."""
    if ladder.current.kind == "playbook":
        return _played(turn, ladder)
    branches = [_rule(ladder, ladder.rule.name, branch) for branch in ladder.current.branches]
    return [_child(ladder, nth, rule) for nth, rule in enumerate(branches)]


def _played(turn: Turn, ladder: Ladder) -> Sequence[Ladder] | Refusal:
    """A playbook within this ladder."""
    name = ladder.current.name
    playbook = newest(turn.state, name)
    args = render_args(turn, ladder)
    if playbook is None:
        return Refusal(Reason.UNKNOWN_PLAYBOOK, name)
    if isinstance(args, Refusal):
        return args
    if ladder.depth >= DEEPEST:
        return Refusal(Reason.BAD_ARGUMENTS, f"{name} would run in {DEEPEST} others")
    try:
        params = canonical(bound(playbook.parameters, args))
    except ParametersInvalid as invalid:
        return Refusal(Reason.BAD_ARGUMENTS, f"{name}: {invalid}")
    child = _child(ladder, 0, _rule(ladder, titled(playbook), playbook.steps), params)
    if all(map(is_literal, ladder.current.args.values())):
        child.node = None  # what it is about, the rule says by itself
    return [child]


def _not_begun(turn: Turn, ladder: Ladder, refusal: Refusal) -> Move:
    turn.note(ladder, refusal.reason, refusal.detail)
    return Next(Reason.STEP_FAILED)


def newest(state: State, name: str, version: int | None = None) -> Playbook | None:
    """The playbook of the name and version, by default the newest."""
    found = [each for each in state.program.playbooks if each.name == name and version in (None, each.version)]
    return max(found, key=lambda playbook: playbook.version, default=None)


def titled(playbook: Playbook) -> str:
    """A playbook as audit and commands name it."""
    return f"{playbook.name}@{playbook.version}"


def _wait(turn: Turn, ladder: Ladder, children: Sequence[Ladder]) -> Move:
    """The step before is behind it: what it has done is under way no longer, or its children would wait for that."""
    acting.over(turn, ladder)
    acting.give_up(turn, ladder)
    turn.state.watches.pop(ladder.key, None)
    ladder.phase = "waiting"
    ladder.children = {child.key: None for child in children}
    turn.begun += children
    return None


def _child(ladder: Ladder, nth: int, rule: HealRule, params: Labels | None = None) -> Ladder:
    return Ladder(
        id=f"{ladder.id}-{ladder.step}.{ladder.attempt}.{nth}",
        rule=rule,
        origin=Origin(kind="playbook", name=rule.name),
        onset=ladder.onset,
        because=ladder.because,
        alert_labels=ladder.alert_labels if params is None else params,
        value=ladder.value,
        parent=ladder.key,
        within=ladder.outermost,
        cools=dict(ladder.cools),
        depth=ladder.depth + (params is not None),
        node=ladder.node,
        by=ladder.by,
        acts_for=ladder.lends,
    )


def _rule(ladder: Ladder, name: str, steps: Sequence[Step], kind: Temper = "playbook") -> HealRule:
    return replace(
        ladder.rule,
        name=name,
        group="",
        alert="",
        kind=kind,
        steps=tuple(steps),
        cooldown_ms=0,
        reset_after_ms=0,
    )


# --- what is undone when a later step fails ---


def taken(turn: Turn, ladder: Ladder) -> None:
    """The current step succeeded: what compensates for it is remembered, in the words of this moment."""
    step = ladder.current.compensate
    if step is None or ladder.rule.mode == "shadow":
        return
    args = rendered(step.args, ladder)
    if isinstance(args, Refusal):
        turn.note(ladder, args.reason, f"compensation: {args.detail}")
        return
    literal = {name: value.replace("{{", '{{"{{"}}') for name, value in args.items()}
    ladder.undoing = (replace(step, args=literal), *ladder.undoing)


def compensate(turn: Turn, ladder: Ladder, because: Reason) -> Move:
    """Undo what was done, last first. How the ladder ends is known when that is over."""
    ladder.failed_for, ladder.until_ms = because, None
    turn.note(ladder, because, f"{len(ladder.undoing)} step{'s' * (len(ladder.undoing) != 1)} to compensate for")
    rule = replace(_rule(ladder, f"{ladder.rule.name}/compensate", ladder.undoing, "respond"), mode="auto")
    return _wait(turn, ladder, [_child(ladder, len(ladder.children), rule)])
