"""Checked models to the `Program` that the core runs."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from engine.core import program
from engine.core.scaling.rule import ScaleRule as CoreScaleRule
from engine.core.verbs import Verbs
from engine.rulefile import acts, scaling
from engine.rulefile.structure import FoundGroup, Place
from schemas.rulefile import (
    AlertRule,
    EventAlertRule,
    EventRecordRule,
    Group,
    HealRule,
    LadderRule,
    RecordingRule,
    RespondRule,
)
from schemas.scalefile import ScaleRule


def build(groups: Sequence[FoundGroup], verbs: Verbs, digest: str) -> program.Program:
    """The program of groups without mistakes. A rule's place is its place in the files, in the order of their paths."""
    alerts: list[program.AlertRule] = []
    records: list[program.RecordingRule] = []
    heals: list[program.HealRule] = []
    responds: list[program.HealRule] = []
    scales: list[CoreScaleRule] = []
    seen: Counter[str] = Counter()
    for group in groups:
        header = group.header.model
        assert header is not None, "only groups without mistakes are built"
        for rule in group.rules:
            assert rule.model is not None, "only rules without mistakes are built"
            if isinstance(rule.model, EventAlertRule | EventRecordRule):
                continue  # `event_rules` builds them
            identical = identity(header, rule.model)
            rule_id = identical if not seen[identical] else digest_of([identical, str(seen[identical])])
            seen[identical] += 1
            place = len(alerts) + len(records)
            match rule.model:
                case AlertRule():
                    alerts.append(_alert(header, rule.model, rule.place, rule_id, place))
                case RecordingRule():
                    records.append(_record(header, rule.model, rule.place, rule_id, place))
                case HealRule():
                    heals.append(_ladder(header, rule.model, rule.place, rule_id, verbs))
                case RespondRule():
                    responds.append(_ladder(header, rule.model, rule.place, rule_id, verbs))
                case ScaleRule():
                    source = _source(rule.place)
                    scales.append(scaling.build(header, rule.model, rule_id, source, len(scales), verbs))
    return program.Program(
        digest=digest,
        alerts=tuple(alerts),
        records=tuple(records),
        heals=tuple(heals),
        responds=tuple(responds),
        scales=tuple(scales),
        zones=scaling.zones(groups),
        verbs=dict(verbs),
    )


def identity(group: Group, rule: AlertRule | RecordingRule | LadderRule | ScaleRule) -> str:
    """The digest of what makes a rule the same rule: an edit of anything else leaves its state alone."""
    match rule:
        case AlertRule():
            parts = ["alert", group.name, rule.alert, rule.expr, str(rule.for_ms), str(rule.keep_firing_for_ms)]
            labels = group.labels | rule.labels
        case RecordingRule():
            parts, labels = ["record", group.name, rule.record, rule.expr], group.labels | rule.labels
        case HealRule():
            parts, labels = ["heal", group.name, rule.heal, rule.alert], {}
        case RespondRule():
            parts, labels = ["respond", group.name, rule.respond, rule.alert], {}
        case ScaleRule():
            parts, labels = ["scale", group.name, rule.scale], rule.arguments
    return digest_of([*parts, *(part for pair in sorted(labels.items()) for part in pair)])


def digest_of(parts: Iterable[str], size: int = 8) -> str:
    """Hex digest of texts in their order; each counts with its length, so that no two lists run together."""
    hashed = hashlib.blake2b(digest_size=size)
    for part in parts:
        encoded = part.encode()
        hashed.update(len(encoded).to_bytes(8, "big") + encoded)
    return hashed.hexdigest()


def _alert(group: Group, rule: AlertRule, place: Place, rule_id: str, position: int) -> program.AlertRule:
    return program.AlertRule(
        id=rule_id,
        group=group.name,
        name=rule.alert,
        expr=rule.expr,
        source=_source(place),
        place=position,
        for_ms=rule.for_ms,
        keep_firing_for_ms=rule.keep_firing_for_ms,
        labels=group.labels | rule.labels,
        annotations=rule.annotations,
        interval_ms=group.interval_ms or None,
        query_offset_ms=group.query_offset_ms,
        limit=group.limit,
    )


def _record(group: Group, rule: RecordingRule, place: Place, rule_id: str, position: int) -> program.RecordingRule:
    return program.RecordingRule(
        id=rule_id,
        group=group.name,
        name=rule.record,
        expr=rule.expr,
        source=_source(place),
        place=position,
        labels=group.labels | rule.labels,
        interval_ms=group.interval_ms or None,
        query_offset_ms=group.query_offset_ms,
        limit=group.limit,
    )


def _ladder(group: Group, rule: LadderRule, place: Place, rule_id: str, verbs: Verbs) -> program.HealRule:
    return program.HealRule(
        id=rule_id,
        group=group.name,
        name=rule.name,
        alert=rule.alert,
        source=_source(place),
        steps=tuple(acts.built(step, verbs) for step in rule.steps),
        kind="respond" if isinstance(rule, RespondRule) else "heal",
        mode=rule.mode,
        cooldown_ms=rule.cooldown_ms,
        reset_after_ms=rule.reset_after_ms if isinstance(rule, HealRule) else 0,
        any_node=rule.any_node,
    )


def _source(place: Place) -> str:
    return f"{place.path}:{place.node.mark.line}"
