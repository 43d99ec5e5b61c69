"""The command that carries out what a step was resolved to, and commands in words."""

import json
import re
from typing import Any

from engine.core.remediation import Ladder
from engine.core.resolve import Resolved
from engine.core.services import service_of
from engine.core.state import State
from engine.core.turn import Turn
from schemas.commands import Command, Origin, command_id
from schemas.labels import text

_SHOWN = frozenset({"to", "version", "replicas", "evidence"})
_TOLD = frozenset({"message", "severity", "runbook_url", "events", "event"})
"""Arguments that are long and change nothing: a command in a few words is without them."""
_PLAIN = re.compile(r"""[^\s"'=\\]+""")
_LONGEST = 300
"""Characters of an argument in a command in a few words."""


def command_of(turn: Turn, ladder: Ladder, what: Resolved) -> Command:
    """The command for the ladder's current step and attempt."""
    settings, target = turn.state.settings, what.owned.target
    # Two alerts of one rule may begin with the same message: it takes the ladder to tell their acts apart.
    on_behalf = Origin(kind=ladder.origin.kind, name=ladder.id)
    return Command(
        id=command_id(on_behalf, target.id, ladder.onset, ladder.step, ladder.attempt, what.verb.name),
        actuator=what.owned.actuator,
        scope=what.owned.scope,
        verb=what.verb.name,
        target=target.id,
        lock=target.lock,
        args=what.args,
        condition=what.condition,
        issued_ms=turn.now_ms,
        deadline_ms=turn.now_ms + settings.command_ttl_ms,
        lease_ms=settings.lease_ms,
        summary=_summary(turn.state, ladder),
        origin=ladder.origin,
        ladder=ladder.id,
        step=ladder.step,
        attempt=ladder.attempt,
        cause=turn.seq,
        index=len(turn.effects),
        revert_after_ms=what.revert_after_ms,
        service=service_of(target),
        acts_for=ladder.acts_for,
    )


def same_act(one: Command, other: Command) -> bool:
    """Whether leave for one is leave for the other."""
    return (one.target, one.args, one.condition) == (other.target, other.args, other.condition)


def describe(command: Command) -> str:
    """A command in a few words: `restart replica:shop/0 if generation = 7`."""
    named = command.target.partition(":")[2].split("/")
    shown = {
        name: value
        for name, value in command.args.items()
        if name in _SHOWN or (name not in _TOLD and str(value) not in named)
    }
    args = "".join(f" {name}={_printed(value)}" for name, value in shown.items())
    condition = " and ".join(f"{name} = {value}" for name, value in command.condition.items())
    undone = "" if command.revert_after_ms is None else f", undone after {command.revert_after_ms / 1000:g} s"
    return f"{command.verb} {command.target}{args}" + (f" if {condition}" if condition else "") + undone


def _summary(state: State, ladder: Ladder) -> str:
    if ladder.rule.kind == "scale":
        return f"{ladder.rule.name}: {ladder.annotations['summary']}"
    if ladder.origin.kind == "control":
        return f"asked for by {ladder.origin.name}"
    if ladder.origin.kind == "policy":
        return ladder.annotations["summary"]
    alert = state.alert_of(ladder)
    annotations = alert.annotations if alert else ladder.annotations
    what = annotations.get("summary") or text(ladder.alert_labels)
    return f"{ladder.rule.alert}: {what} ({ladder.rule.name}, step {ladder.step + 1} of {len(ladder.rule.steps)})"


def _printed(value: Any) -> str:
    """As it is where that cannot be taken for anything else: others may have chosen it, and people let it go by what
    they read."""
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    if len(text) > _LONGEST:
        return f"{json.dumps(text[:_LONGEST], ensure_ascii=False)}… of {len(text)} characters"
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
