"""Steps that act, of rules and of playbooks: one verb each, or a playbook, with the arguments that it needs."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from engine.core import program
from engine.core.parameters import problem_of
from engine.core.resolve import REVERT_AFTER, SCOPE
from engine.core.verbs import Verb, Verbs, chosen
from engine.rulefile.checks import Checks
from engine.rulefile.errors import RuleError
from engine.rulefile.messages import suggestion
from engine.rulefile.structure import Place
from engine.rulefile.yamltree import Sequence as List
from engine.rulefile.yamltree import at
from schemas.durations import duration_ms
from schemas.playbookfile import NAME
from schemas.rulefile import Verify
from schemas.wording import shown

Path = tuple[str | int, ...]
Parameters = Mapping[str, program.Parameter]
PLAYBOOK = "playbook"

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")


class Acting(Protocol):
    """A step as the file has it: the arguments by verb, `playbook` among the verbs."""

    @property
    def verbs(self) -> dict[str, dict[str, str]]: ...

    @property
    def verify(self) -> Verify | None: ...


@dataclass(frozen=True, slots=True)
class Offered:
    """What a step can refer to. Of each playbook the parameters of its newest version, None where it is not valid."""

    verbs: Verbs
    playbooks: Mapping[str, Parameters | None]
    checks: Checks


def mistakes(
    place: Place,
    path: Path,
    step: Acting,
    offered: Offered,
    *,
    wanted: str = "verb",
    beside: Collection[str] = (),
    also: Collection[str] = (),
) -> Iterator[RuleError]:
    """Every mistake of a step that is to act, or be another thing that is `wanted`: `beside` is what it is of these. It
    may have the fields `also`.
    """
    for name in step.verbs:
        if name not in offered.verbs and name != PLAYBOOK:
            message = f"unknown verb, {suggestion(name, offered.verbs, also=['verify', PLAYBOOK, *also])}"
            yield place.error((*path, name), message, key=True)
    named = [verb for name, arguments in step.verbs.items() if (verb := chosen(offered.verbs, name, arguments))]
    kinds = [*(verb.name for verb in named), *(name for name in step.verbs if name == PLAYBOOK), *beside]
    if not (step.verbs or beside) or len(kinds) > 1:
        yield place.error(path, f"expected one {wanted}, got {' and '.join(kinds) or 'none'}")
    for verb in named:
        yield from _arguments(place, (*path, verb.name), verb, step.verbs[verb.name], offered)
        if step.verify and not verb.changes_target:
            message = f"`{verb.name}` changes nothing that could be verified"
            yield place.error((*path, "verify"), message, key=True)
    if PLAYBOOK in step.verbs:
        yield from _call(place, (*path, PLAYBOOK), step.verbs[PLAYBOOK], offered)


def built(step: Acting, verbs: Verbs) -> program.Step:
    """A step without mistakes, as the core runs it."""
    ((name, arguments),) = step.verbs.items()
    verify = _verify(step.verify) if step.verify else None
    if name == PLAYBOOK:
        params = {param: value for param, value in arguments.items() if param != NAME}
        return program.Step(verb=PLAYBOOK, kind="playbook", name=arguments[NAME], args=params, verify=verify)
    verb = chosen(verbs, name, arguments)
    assert verb is not None, "only steps of known verbs are built"
    return program.Step(verb=name, args=verb.completed(arguments), verify=verify)


def _verify(verify: Verify) -> program.Verify:
    return program.Verify(expr=verify.expr, within_ms=verify.within_ms, hold_ms=verify.hold_ms)


# --- a playbook ---


def _call(place: Place, path: Path, arguments: Mapping[str, str], offered: Offered) -> Iterator[RuleError]:
    """The run of a playbook: one that there is, with what it is to be run with."""
    name = arguments.get(NAME)
    if name is None:
        yield place.error(path, f"the argument `{NAME}` is required", key=True)
        return
    if name not in offered.playbooks:
        message = f"there is no playbook {shown(name)}, {suggestion(name, offered.playbooks)}"
        yield place.error((*path, NAME), message)
        return
    parameters = offered.playbooks[name]
    if parameters is not None:
        yield from _given(place, path, arguments, parameters, offered.checks)


def _given(
    place: Place, path: Path, arguments: Mapping[str, str], parameters: Parameters, checks: Checks
) -> Iterator[RuleError]:
    for name, value in arguments.items():
        if name == NAME:
            continue
        if name not in parameters:
            message = f"{shown(arguments[NAME])} has no such parameter, {suggestion(name, parameters)}"
            yield place.error((*path, name), message, key=True)
        elif checks.parsed(value).is_literal and (problem := problem_of(parameters[name], value)):
            yield place.error((*path, name), problem)
    for parameter in parameters.values():
        if parameter.default is None and parameter.name not in arguments:
            yield place.error(path, f"the parameter `{parameter.name}` is required", key=True)


# --- a verb ---


def _arguments(
    place: Place, path: Path, verb: Verb, arguments: Mapping[str, str], offered: Offered
) -> Iterator[RuleError]:
    checks = offered.checks
    naming = {name for names in verb.targets.values() for name in names}
    allowed = verb.arguments | ({SCOPE, REVERT_AFTER} if verb.undo else {SCOPE})
    for name in arguments:
        if name not in allowed and not verb.open:
            yield place.error((*path, name), f"unknown argument, {suggestion(name, allowed)}", key=True)
        elif name not in verb.lists and isinstance(at(place.node, (*path, name)), List):
            yield place.error((*path, name), "expected text, got a list")
    named = verb.completed(arguments) if checks.of_alerts else arguments
    if verb.targets and not verb.names_target(named):
        kinds = [names for offered in offered.verbs[verb.name] for names in offered.targets.values()]
        ways = " or ".join(dict.fromkeys(" and ".join(f"`{name}`" for name in names) for names in kinds))
        yield place.error(path, f"names no target: expected {ways}", key=True)
    for name in verb.required:
        if name not in arguments and name not in naming:
            yield place.error(path, f"the argument `{name}` is required", key=True)
    for name in verb.integers:
        text = arguments.get(name, "0")
        if checks.parsed(text).is_literal and not _WHOLE_NUMBER.fullmatch(text):
            yield place.error((*path, name), f"expected a whole number, got {shown(text)}")
    if verb.undo and REVERT_AFTER in arguments:
        yield from _duration(place, (*path, REVERT_AFTER), arguments[REVERT_AFTER], checks)


def _duration(place: Place, path: Path, text: str, checks: Checks) -> Iterator[RuleError]:
    if not checks.parsed(text).is_literal:
        return
    try:
        if duration_ms(text) == 0:
            yield place.error(path, "expected a duration longer than 0s")
    except ValueError as error:
        yield place.error(path, str(error))
