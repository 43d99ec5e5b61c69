"""The steps of a playbook: what each is, what it names, and what the core runs of it."""

import json
from collections.abc import Iterator, Mapping, Sequence

from engine.core import policy, program
from engine.core.verbs import Verbs
from engine.rulefile import acts
from engine.rulefile.acts import PLAYBOOK, Acting, Offered, Path
from engine.rulefile.errors import RuleError
from engine.rulefile.messages import suggestion
from engine.rulefile.policy import people, too_few
from engine.rulefile.structure import Place
from schemas.playbookfile import NAME, Act, Approval, Gate, PlaybookFile, Step
from schemas.wording import shown

Groups = Mapping[str, list[str]]
"""The people in each group of the policy."""

_WAITS = ("gate", "pause", "approval", "parallel")
_ONE = "verb, playbook, gate, pause, approval or parallel"
_FIELDS = ("name", "timeout", "retry", "compensate")
_GO_WITH: Mapping[str, tuple[str, ...]] = {
    "verify": ("a verb", PLAYBOOK),
    "timeout": ("a verb", PLAYBOOK, "parallel"),
    "retry": ("a verb",),
    "compensate": ("a verb",),
}
"""Fields of a step that not every kind of step has."""


def every_step(steps: Sequence[Step], path: Path = ("steps",)) -> Iterator[tuple[Path, Step]]:
    """The steps and those of their branches, each with its place."""
    for nth, step in enumerate(steps):
        yield (*path, nth), step
        for branch, within in enumerate(step.parallel or ()):
            yield from every_step(within, (*path, nth, "parallel", branch))


def step_mistakes(place: Place, model: PlaybookFile, offered: Offered, groups: Groups) -> Iterator[RuleError]:
    """Every mistake of the steps, and parameters that none of them uses."""
    unused = dict.fromkeys(model.parameters)
    for path, step in every_step(model.steps):
        yield from _step(place, path, step, offered, groups)
        for where, names in _names(path, step, offered):
            for name in sorted(names):
                unused.pop(name, None)
                if name not in model.parameters:
                    message = f"there is no parameter {shown(name)}, {suggestion(name, model.parameters)}"
                    yield place.error(where, message)
    yield from (place.error(("parameters", name), "is used by no step", key=True) for name in unused)


def _step(place: Place, path: Path, step: Step, offered: Offered, groups: Groups) -> Iterator[RuleError]:
    waits = step.waits
    yield from acts.mistakes(place, path, step, offered, wanted=_ONE, beside=waits, also=(*_WAITS, *_FIELDS))
    kind = next(iter(waits), PLAYBOOK if PLAYBOOK in step.verbs else "a verb")
    given = {"verify": step.verify, "timeout": step.timeout_ms, "retry": step.retry, "compensate": step.compensate}
    for field, value in given.items():
        if value is not None and kind not in _GO_WITH[field]:
            yield place.error((*path, field), f"goes with {' or '.join(_GO_WITH[field])}, not with {kind}", key=True)
    if step.name is not None and kind == PLAYBOOK:
        yield place.error((*path, NAME), "a step that runs a playbook goes by the name of that", key=True)
    if step.compensate:
        yield from _compensation(place, (*path, "compensate"), step.compensate, offered)
    if step.approval and (message := too_few(step.approval.by, step.approval.count, groups)):
        yield place.error((*path, "approval", "count"), message)


def _compensation(place: Place, path: Path, step: Act, offered: Offered) -> Iterator[RuleError]:
    if PLAYBOOK in step.verbs:
        yield place.error((*path, PLAYBOOK), "expected a verb: a playbook compensates for its own steps", key=True)
    else:
        yield from acts.mistakes(place, path, step, offered)


# --- what the steps name ---


def _names(path: Path, step: Step, offered: Offered) -> Iterator[tuple[Path, frozenset[str]]]:
    """The parameters that the step names, by place."""
    yield from _names_of_act(path, step, offered)
    if step.compensate:
        yield from _names_of_act((*path, "compensate"), step.compensate, offered)
    if step.gate:
        where = (*path, "gate", "probe" if step.gate.probe else "expr")
        yield where, offered.checks.plan(_asked(step.gate)).parameters


def _names_of_act(path: Path, step: Acting, offered: Offered) -> Iterator[tuple[Path, frozenset[str]]]:
    for verb, arguments in step.verbs.items():
        for name, text in arguments.items():
            yield (*path, verb, name), offered.checks.parsed(text).param_names
    if step.verify:
        yield (*path, "verify", "expr"), offered.checks.plan(step.verify.expr).parameters


# --- to the core ---


def built(place: Place, path: Path, step: Step, verbs: Verbs, groups: Groups) -> program.Step:
    """A step without mistakes, as the core runs it."""
    name = step.name or ""
    if step.gate:
        verify = _verify(step.gate)
        return program.Step(verb="gate", kind="gate", name=name, verify=verify)
    if step.pause_ms is not None:
        return program.Step(verb="pause", kind="pause", name=name, pause_ms=step.pause_ms)
    if step.approval:
        approval = _approval(place, path, step.approval, groups)
        return program.Step(verb="approval", kind="approval", name=name, approval=approval)
    timeout_ms = step.timeout_ms or 0
    if step.parallel:
        branches = tuple(
            tuple(built(place, (*path, "parallel", nth, at), each, verbs, groups) for at, each in enumerate(branch))
            for nth, branch in enumerate(step.parallel)
        )
        return program.Step(verb="parallel", kind="parallel", name=name, branches=branches, timeout_ms=timeout_ms)
    act = acts.built(step, verbs)
    return program.Step(
        verb=act.verb,
        args=act.args,
        verify=act.verify,
        kind=act.kind,
        name=act.name or name,
        timeout_ms=timeout_ms,
        retries=step.retry or 0,
        compensate=acts.built(step.compensate, verbs) if step.compensate else None,
    )


def _verify(gate: Gate) -> program.Verify:
    return program.Verify(expr=_asked(gate), within_ms=gate.within_ms, hold_ms=gate.hold_ms)


def _asked(gate: Gate) -> str:
    """The expression of a gate; a probe is known by what it looks at."""
    return gate.expr or f"probe_success{{instance={json.dumps(gate.probe, ensure_ascii=False)}}} == 1"


def _approval(place: Place, path: Path, approval: Approval, groups: Groups) -> policy.Approval:
    mark = place.error((*path, "approval"), "")
    return policy.Approval(
        source=f"{place.path}:{mark.line}",
        by=people(approval.by, groups),
        count=approval.count,
        deadline_ms=approval.deadline_ms or 0,
        lapse=approval.lapse,
    )
