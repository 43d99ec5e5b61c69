"""What a `heal` or `respond` rule refers to: an alert, its labels, verbs and their arguments."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.core.detector import label_name
from engine.core.verbs import chosen
from engine.rulefile import acts
from engine.rulefile.acts import Offered, Path
from engine.rulefile.checks import Checks
from engine.rulefile.errors import RuleError
from engine.rulefile.messages import suggestion
from engine.rulefile.structure import Found, FoundGroup, Place
from engine.sigma.model import SigmaRule
from schemas.rulefile import AlertRule, EventAlertRule, Group, LadderRule, Rule, Step
from schemas.wording import shown

LabelSets = Mapping[str, Sequence[frozenset[str] | None]]
"""Alert name → the label names that an alert of each of its rules can have; None where there is no telling."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a step can refer to."""

    alerts: LabelSets
    offered: Offered

    @property
    def checks(self) -> Checks:
        return self.offered.checks


def check(groups: Sequence[FoundGroup], sigma: Sequence[SigmaRule], offered: Offered) -> Iterator[RuleError]:
    """Every mistake in a `heal` or `respond` rule that its own fields cannot show."""
    known = _Known(_label_sets(groups, sigma, offered.checks), offered)
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
        yield from acts.mistakes(place, path, step, known.offered)
        yield from _labels_used(place, path, step, rule.alert, known)


# --- labels ---


def _labels_used(place: Place, path: Path, step: Step, alert: str, known: _Known) -> Iterator[RuleError]:
    """Labels that the step names and that an alert of the name can be without."""
    for verb, arguments in step.verbs.items():
        meant = chosen(known.offered.verbs, verb, arguments)
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
