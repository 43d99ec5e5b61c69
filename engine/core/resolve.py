"""A ladder's step made absolute: which target, under which condition, with which arguments.

"Restart the worker of this alert" becomes `restart replica:shop/0 if generation = 7` here, on the inventory of this
moment, so that a command can be delivered late or twice and still mean the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.program import Verb
from engine.core.state import Ladder, Owned, State
from engine.template import TemplateError, parse
from schemas.commands import Command, Origin, command_id
from schemas.labels import text
from schemas.reasons import Reason

SCOPE = "scope"
"""Argument of every verb: on which node or cluster, where several have a target of the name."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a step cannot become a command."""

    reason: Reason
    detail: str


def render_args(ladder: Ladder) -> dict[str, str] | Refusal:
    """The step's arguments with the alert's labels and value filled in."""
    labels = dict(ladder.alert_labels)
    try:
        return {name: parse(value).render(labels, ladder.value) for name, value in ladder.current.args.items()}
    except TemplateError as error:
        return Refusal(Reason.BAD_ARGUMENTS, str(error))


def target_id(verb: Verb, args: Mapping[str, str]) -> str | None:
    """The target that the arguments name: of the kinds that they name in full, the one named by most of them."""
    named = [
        (len(parts), f"{kind}:{'/'.join(args[part] for part in parts)}")
        for kind, parts in verb.targets.items()
        if all(args.get(part) for part in parts)
    ]
    return max(named)[1] if named else None


def resolve(state: State, ladder: Ladder, now_ms: int, seq: int, index: int) -> Command | Refusal:
    """The command for the ladder's current step and attempt, or why there is none."""
    verb = state.program.verbs.get(ladder.current.verb)
    if verb is None:
        return Refusal(Reason.UNKNOWN_VERB, f"{ladder.current.verb!r}")
    args = render_args(ladder)
    if isinstance(args, Refusal):
        return args
    name = target_id(verb, args)
    if name is None:
        wanted = " or ".join("+".join(parts) for parts in verb.targets.values())
        return Refusal(Reason.BAD_ARGUMENTS, f"{verb.name} needs {wanted}, got {_shown(args)}")
    owned = _owner(state, verb, name, args.get(SCOPE))
    if isinstance(owned, Refusal):
        return owned
    if owned.target.protected and verb.changes_target:
        return Refusal(Reason.PROTECTED, name)
    values = _absolute(verb, owned.target.attributes, args)
    if isinstance(values, Refusal):
        return values
    settings = state.settings
    # Two alerts of one rule may begin with the same message: it takes the ladder to tell their acts apart.
    on_behalf = Origin(kind=ladder.origin.kind, name=ladder.id)
    return Command(
        id=command_id(on_behalf, name, ladder.onset, ladder.step, ladder.attempt, verb.name),
        actuator=owned.actuator,
        scope=owned.scope,
        verb=verb.name,
        target=name,
        lock=owned.target.lock,
        args=values,
        condition={attribute: owned.target.attributes.get(attribute) for attribute in verb.condition},
        issued_ms=now_ms,
        deadline_ms=now_ms + settings.command_ttl_ms,
        lease_ms=settings.lease_ms,
        summary=_summary(state, ladder),
        origin=ladder.origin,
        ladder=ladder.id,
        step=ladder.step,
        attempt=ladder.attempt,
        cause=seq,
        index=index,
    )


def _owner(state: State, verb: Verb, target: str, scope: str | None) -> Owned | Refusal:
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
    values: dict[str, Any] = {name: value for name, value in args.items() if name != SCOPE}
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
    return values


def _summary(state: State, ladder: Ladder) -> str:
    if ladder.origin.kind == "control":
        return f"asked for by {ladder.origin.name}"
    alert = state.alert_of(ladder)
    about = (alert.annotations.get("summary") if alert else None) or text(ladder.alert_labels)
    return f"{ladder.rule.alert}: {about} ({ladder.rule.name}, step {ladder.step + 1} of {len(ladder.rule.steps)})"


def _shown(args: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in args.items()) or "nothing"
