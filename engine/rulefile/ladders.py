"""What a `heal` or `respond` rule refers to: an alert, its labels, verbs and their arguments."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.core.detector import label_name
from engine.core.resolve import REVERT_AFTER, SCOPE
from engine.core.verbs import Verb, Verbs, chosen
from engine.rulefile.checks import Checks
from engine.rulefile.errors import RuleError
from engine.rulefile.messages import suggestion
from engine.rulefile.structure import Found, FoundGroup, Place
from engine.rulefile.yamltree import Sequence as List
from engine.rulefile.yamltree import at
from engine.sigma.model import SigmaRule
from schemas.durations import duration_ms
from schemas.rulefile import AlertRule, EventAlertRule, Group, LadderRule, Rule, Step
from schemas.wording import shown

Path = tuple[str | int, ...]
LabelSets = Mapping[str, Sequence[frozenset[str] | None]]
"""Alert name → the label names that an alert of each of its rules can have; None where there is no telling."""

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True, slots=True)
class _Known:
    """What a step can refer to."""

    alerts: LabelSets
    verbs: Verbs
    checks: Checks


def check(
    groups: Sequence[FoundGroup], sigma: Sequence[SigmaRule], verbs: Verbs, checks: Checks
) -> Iterator[RuleError]:
    """Every mistake in a `heal` or `respond` rule that its own fields cannot show."""
    known = _Known(_label_sets(groups, sigma, checks), verbs, checks)
    for rule in (rule for group in groups for rule in group.rules):
        if isinstance(rule.model, LadderRule):
            yield from _ladder(rule.place, rule.model, known)


def _label_sets(groups: Sequence[FoundGroup], sigma: Sequence[SigmaRule], checks: Checks) -> LabelSets:
    alerts: dict[str, list[frozenset[str] | None]] = {rule.about.title: [None] for rule in sigma}
    for group in groups:
        for rule in group.rules:
            if rule.kind == "alert":
                alerts.setdefault(rule.name, []).append(_labels(group.header.model, rule, checks))
    return alerts


def _labels(group: Group | None, rule: Found[Rule], checks: Checks) -> frozenset[str] | None:
    """The label names that the alerts of a rule have, or None where its expression lets any through."""
    if group is None or not isinstance(rule.model, AlertRule | EventAlertRule):
        return None
    model = rule.model
    closed = _grouped(model) if isinstance(model, EventAlertRule) else checks.plan(model.expr).output_labels
    return None if closed is None else closed | group.labels.keys() | model.labels.keys() | {"alertname"}


def _grouped(rule: EventAlertRule) -> frozenset[str]:
    """What tells the alerts about events apart. Those of a correlation have a node only where it groups by it."""
    fields = ["node", *rule.group_by] if rule.correlation is None else rule.correlation.get("group-by") or []
    return frozenset(label_name(str(name)) for name in ([fields] if isinstance(fields, str) else fields))


def _ladder(place: Place, rule: LadderRule, known: _Known) -> Iterator[RuleError]:
    if rule.alert not in known.alerts:
        message = f"no rule defines the alert {shown(rule.alert)}, {suggestion(rule.alert, known.alerts)}"
        yield place.error(("alert",), message)
    for position, step in enumerate(rule.steps):
        path = ("steps", position)
        yield from _verb(place, path, step, known)
        yield from _labels_used(place, path, step, rule.alert, known)


# --- labels ---


def _labels_used(place: Place, path: Path, step: Step, alert: str, known: _Known) -> Iterator[RuleError]:
    """Labels that the step names and that an alert of the name can be without."""
    for verb, arguments in step.verbs.items():
        meant = chosen(known.verbs, verb, arguments)
        for name, text in (meant.completed(arguments) if meant else arguments).items():
            used = known.checks.parsed(text).label_names
            yield from _missing(place, (*path, verb, name), used, alert, known)
    if step.verify:
        used = known.checks.plan(step.verify.expr).placeholders
        yield from _missing(place, (*path, "verify", "expr"), used, alert, known)


def _missing(place: Place, path: Path, used: frozenset[str], alert: str, known: _Known) -> Iterator[RuleError]:
    closed = [labels for labels in known.alerts.get(alert, ()) if labels is not None]
    for label in sorted(used):
        without = next((labels for labels in closed if label not in labels), None)
        if without is not None:
            yield place.error(path, f"{shown(alert)} has no label {shown(label)}, {suggestion(label, without)}")


# --- verbs ---


def _verb(place: Place, path: Path, step: Step, known: _Known) -> Iterator[RuleError]:
    """One verb to a step, known, with the arguments it needs and no others."""
    for name in step.verbs:
        if name not in known.verbs:
            message = f"unknown verb, {suggestion(name, known.verbs, also=['verify'])}"
            yield place.error((*path, name), message, key=True)
    named = [verb for name, arguments in step.verbs.items() if (verb := chosen(known.verbs, name, arguments))]
    if not step.verbs or len(named) > 1:
        got = " and ".join(verb.name for verb in named) or "none"
        yield place.error(path, f"expected one verb, got {got}")
    for verb in named:
        yield from _arguments(place, (*path, verb.name), verb, step.verbs[verb.name], known)
        if step.verify and not verb.changes_target:
            message = f"`{verb.name}` changes nothing that could be verified"
            yield place.error((*path, "verify"), message, key=True)


def _arguments(
    place: Place, path: Path, verb: Verb, arguments: Mapping[str, str], known: _Known
) -> Iterator[RuleError]:
    checks = known.checks
    naming = {name for names in verb.targets.values() for name in names}
    allowed = verb.arguments | ({SCOPE, REVERT_AFTER} if verb.undo else {SCOPE})
    for name in arguments:
        if name not in allowed and not verb.open:
            yield place.error((*path, name), f"unknown argument, {suggestion(name, allowed)}", key=True)
        elif name not in verb.lists and isinstance(at(place.node, (*path, name)), List):
            yield place.error((*path, name), "expected text, got a list")
    if verb.targets and not verb.names_target(verb.completed(arguments)):
        kinds = [names for offered in known.verbs[verb.name] for names in offered.targets.values()]
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
