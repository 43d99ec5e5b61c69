"""A ladder's step made absolute: which target, under which condition, with which arguments.

"Restart the worker of this alert" becomes `restart replica:shop/0 if generation = 7` here, on the inventory of this
moment, so that a command can be delivered late or twice and still mean the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.core.reach import bound
from engine.core.remediation import Ladder
from engine.core.state import State
from engine.core.targets import Owned
from engine.core.turn import Turn
from engine.core.verbs import Verb
from engine.template import OF_EITHER, Template, TemplateError, parse
from schemas.durations import duration_ms
from schemas.outcomes import Undo
from schemas.reasons import Reason

SCOPE = "scope"
"""Argument of every verb: on which node or cluster, where several have a target of the name."""
REVERT_AFTER = "revert_after"
"""Argument of every verb that can be undone: how long after its effect it is to be."""

_LABEL = re.compile(r"\{\{ ?\$(?:labels|params)\.([A-Za-z_][A-Za-z0-9_]*) ?\}\}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a step cannot become a command."""

    reason: Reason
    detail: str


def render_args(turn: Turn, ladder: Ladder) -> dict[str, str] | Refusal:
    """The step's arguments with the alert's labels and value filled in."""
    return turn.once(("arguments", ladder.id, ladder.step), lambda: rendered(ladder.current.args, ladder))


def rendered(args: Mapping[str, str], ladder: Ladder) -> dict[str, str] | Refusal:
    """Arguments with the labels and value of the ladder's alert, or with the parameters of its run, filled in."""
    labels = dict(ladder.alert_labels)
    try:
        return {name: _filled(text, labels, ladder.value) for name, text in args.items()}
    except TemplateError as error:
        return Refusal(Reason.BAD_ARGUMENTS, str(error))


def _filled(text: str, labels: Mapping[str, str], value: float) -> str:
    label = _just_a_label(text)
    return labels.get(label, "") if label else _parsed(text).render(labels, value)


@lru_cache(maxsize=10_000)
def _just_a_label(text: str) -> str | None:
    """The label that a text is and nothing else, as most are: that takes no template engine."""
    found = _LABEL.fullmatch(text)
    return found[1] if found else None


@lru_cache(maxsize=10_000)
def _parsed(text: str) -> Template:
    """Templates are few, and each is filled in for many alerts."""
    return parse(text, OF_EITHER)


def target_id(verb: Verb, args: Mapping[str, str]) -> str | None:
    """The target that the arguments name: of the kinds that they name in full, the one named by most of them."""
    most, found = 0, None
    for kind, parts in verb.targets.items():
        if all(map(args.get, parts)):
            named = f"{kind}:{'/'.join(map(args.__getitem__, parts))}"
            if found is None or (len(parts), named) > (most, found):
                most, found = len(parts), named
    return found


def about(turn: Turn, ladder: Ladder, verb: Verb | None) -> str:
    """What the ladder is about: the target that it last wanted to change, and not whom it told or looked at."""
    args = render_args(turn, ladder)
    named = target_id(verb, args) if verb and not isinstance(args, Refusal) else None
    return named if verb and named and (verb.changes_target or not ladder.target) else ladder.target


def changes_target(state: State, ladder: Ladder) -> bool:
    """Whether its current step may change something."""
    verb = state.program.verb(ladder.current)
    return verb is None or verb.changes_target


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a step is on the inventory of this moment: a verb on which target, with which arguments, under which
    condition, and for how long."""

    verb: Verb
    owned: Owned
    args: dict[str, Any]
    condition: dict[str, Any]
    revert_after_ms: int | None = None


def resolve(turn: Turn, ladder: Ladder) -> Resolved | Refusal:
    """The ladder's current step made absolute, or why it cannot be."""
    verb = turn.state.program.verb(ladder.current)
    if verb is None:
        return Refusal(Reason.UNKNOWN_VERB, f"{ladder.current.verb!r}")
    if ladder.undo and ladder.step == 0:
        return _undone(turn.state, verb, ladder.undo, ladder.current.args.get(SCOPE))
    return _asked(turn, ladder, verb)


def _asked(turn: Turn, ladder: Ladder, verb: Verb) -> Resolved | Refusal:
    args = render_args(turn, ladder)
    if isinstance(args, Refusal):
        return args
    if ladder.origin.kind == "control" and (wrong := _unheard(verb, args)):
        return Refusal(Reason.BAD_ARGUMENTS, wrong)
    name = target_id(verb, args)
    if name is None:
        wanted = " or ".join("+".join(parts) for parts in verb.targets.values())
        return Refusal(Reason.BAD_ARGUMENTS, f"{verb.name} needs {wanted}, got {_shown(args)}")
    if left := _left_over(verb, name, args):
        return Refusal(Reason.BAD_ARGUMENTS, left)
    owned = _within_reach(turn.state, ladder, verb, name, args.get(SCOPE))
    if isinstance(owned, Refusal):
        return owned
    if owned.target.protected and verb.changes_target:
        return Refusal(Reason.PROTECTED, name)
    revert_after_ms = _revert_after_ms(verb, args)
    if isinstance(revert_after_ms, Refusal):
        return revert_after_ms
    told = {name: ladder.annotations[name] for name in verb.from_alert if ladder.annotations.get(name)}
    values = _absolute(verb, owned.target.attributes, told | args)
    if isinstance(values, Refusal):
        return values
    condition = {attribute: owned.target.attributes.get(attribute) for attribute in verb.condition}
    return Resolved(verb, owned, values, condition, revert_after_ms)


def _unheard(verb: Verb, args: Mapping[str, str]) -> str:
    """What a person gave that the verb does not take, which would change nothing; of rules that was said when they were
    read. Empty where there is nothing."""
    known = verb.arguments | {SCOPE} | ({REVERT_AFTER} if verb.undo else set())
    unknown = [] if verb.open else sorted(args.keys() - known)
    return f"{verb.name} has no argument {unknown[0]}, expected one of {', '.join(sorted(known))}" if unknown else ""


def _left_over(verb: Verb, target: str, args: Mapping[str, str]) -> str:
    """What would name another target than that which is named in full: `release` of a replica, without its generation,
    is not that of its whole workload. Empty where there is nothing."""
    chosen = verb.targets[target.partition(":")[0]]
    for kind, parts in verb.targets.items():
        if any(args.get(part) for part in parts if part not in chosen):
            lacking = [part for part in parts if not args.get(part)]
            but = f"without {' and '.join(lacking)}" if lacking else f"and {target}, expected one"
            return f"{verb.name} of {kind} {but}: {_shown(args)}"
    return ""


def _within_reach(state: State, ladder: Ladder, verb: Verb, target: str, scope: str | None) -> Owned | Refusal:
    """The target, on the node whose events named it where events did."""
    node = bound(ladder, verb, SCOPE)
    if node is None:
        return owner(state, verb, target, scope)
    if scope in (None, node) and not isinstance(found := owner(state, verb, target, node), Refusal):
        return found
    elsewhere = owner(state, verb, target, scope)
    if isinstance(elsewhere, Refusal) and elsewhere.reason is Reason.UNKNOWN_TARGET:
        return elsewhere
    whose = f"events of {node}" if node else "events of several nodes"
    return Refusal(Reason.OTHER_NODE, f"{whose} name {target}" + (f" on {scope}" if scope else ""))


def _undone(state: State, verb: Verb, undo: Undo, scope: str | None) -> Resolved | Refusal:
    """Exactly what the outcome said, on the target as the effect left it."""
    owned = owner(state, verb, undo.target, scope)
    if isinstance(owned, Refusal):
        gone = owned.reason is Reason.UNKNOWN_TARGET
        return Refusal(Reason.NOTHING_TO_DO, f"{undo.target} is gone: undone already") if gone else owned
    if wrong := _not_absolute(verb, undo.args):
        return Refusal(Reason.BAD_ARGUMENTS, wrong)
    found = owned.target.attributes
    changed = [name for name, value in undo.condition.items() if name not in found or found[name] != value]
    if changed:
        was = ", ".join(f"{name} was {undo.condition[name]} and is {found.get(name)}" for name in changed)
        return Refusal(Reason.CONDITION_CHANGED, was)
    return Resolved(verb, owned, undo.args, undo.condition)


def _not_absolute(verb: Verb, args: Mapping[str, Any]) -> str:
    """What is wrong with arguments that an outcome gave for a verb, which are to be a command's as they are; empty
    where nothing is."""
    naming = {name for names in verb.targets.values() for name in names}
    if not verb.open and (unknown := sorted(args.keys() - (verb.arguments - naming))):
        return f"{verb.name} has no argument {unknown[0]}"
    for name in (*verb.required, *verb.absolute):
        if name not in naming and args.get(name) in (None, ""):
            return f"{verb.name} needs {name}"
    for name in verb.integers:
        if name in args and type(args[name]) is not int:
            return f"{name}: expected a whole number, got {args[name]!r}"
    return ""


def _revert_after_ms(verb: Verb, args: Mapping[str, str]) -> int | Refusal | None:
    given = args.get(REVERT_AFTER)
    if given is None:
        return None
    if not verb.undo:
        return Refusal(Reason.BAD_ARGUMENTS, f"{verb.name} cannot be undone, so it takes no {REVERT_AFTER}")
    try:
        return duration_ms(given)
    except ValueError as error:
        return Refusal(Reason.BAD_ARGUMENTS, f"{REVERT_AFTER}: {error}")


def owner(state: State, verb: Verb, target: str, scope: str | None) -> Owned | Refusal:
    """The target as the verb's actuator has it, on the scope that is asked for."""
    owners = [
        owned
        for owned in state.targets.get(target, ())
        if owned.actuator == verb.actuator and scope in (None, owned.scope)
    ]
    if len(owners) == 1:
        return owners[0]
    if not owners:
        return Refusal(Reason.UNKNOWN_TARGET, target + (f" on {scope}" if scope else ""))
    where = ", ".join(sorted(owned.scope for owned in owners))
    return Refusal(Reason.BAD_ARGUMENTS, f"{target} exists on {where}: the step must say which, with `{SCOPE}`")


def _absolute(verb: Verb, attributes: Mapping[str, Any], args: Mapping[str, str]) -> dict[str, Any] | Refusal:
    values: dict[str, Any] = {name: value for name, value in args.items() if name not in (SCOPE, REVERT_AFTER)}
    for name, attribute in verb.absolute.items():
        if not values.get(name):
            values[name] = attributes.get(attribute)
            if values[name] is None:
                return Refusal(Reason.NOTHING_TO_DO, f"the target has no {attribute.replace('_', ' ')}")
    for name in verb.required:
        if not values.get(name):
            return Refusal(Reason.BAD_ARGUMENTS, f"{verb.name} needs {name}, got {_shown(args)}")
    for name in verb.integers:
        if name in values:
            try:
                values[name] = int(values[name])
            except ValueError:
                return Refusal(Reason.BAD_ARGUMENTS, f"{name}: expected a whole number, got {values[name]!r}")
    for name in verb.lists:
        if name in values:
            values[name] = values[name].replace(",", " ").split()
    return values


def _shown(args: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in args.items()) or "nothing"
