"""Sigma rules, from Sigma files and from ours, to the rules over events that the core runs."""

from collections.abc import Iterable, Mapping

from engine.core import program
from engine.rulefile.inline import Inline
from engine.sigma.model import About, Correlation, Detection, SigmaRule
from schemas.rulefile import EventAlertRule, EventRecordRule

GROUP = "sigma"
"""The group of all rules of Sigma files."""

SEEN_FOR_MS = 5 * 60_000
"""An alert fires on for so long after the last event; where a correlation looks over longer, for as long as that."""

_TACTICS_PREFIX = "attack."


def built(
    rules: Iterable[SigmaRule], inline: Mapping[str, tuple[Inline, ...]], place: int
) -> tuple[tuple[program.EventRule, ...], tuple[program.EventCounter, ...]]:
    """The rules over events, and the log metrics, in the order of path and line; their places count from `place`."""
    by_id = {found: each for several in inline.values() for each in several for found in (each.base, each.top) if found}
    events: list[program.EventRule] = []
    counters: list[program.EventCounter] = []
    for position, rule in enumerate(rules, start=place):
        mine = by_id.get(rule.id)
        if mine is None:
            events.append(_of_sigma(rule, position))
        elif isinstance(mine.rule.model, EventRecordRule):
            counters.append(_counter(mine, mine.rule.model, rule, position))
        else:
            events.append(_of_ours(mine, rule, position))
    return tuple(events), tuple(counters)


def _of_sigma(rule: SigmaRule, place: int) -> program.EventRule:
    return program.EventRule(
        id=rule.id,
        group=GROUP,
        name=rule.about.title,
        source=f"{rule.path}:{rule.line}",
        does=rule.does,
        place=place,
        labels=_plain(_labels(rule)),
        annotations=_plain(_annotations(rule)),
        keep_firing_for_ms=_seen_for_ms(rule),
        raises=rule.raises,
    )


def _of_ours(mine: Inline, rule: SigmaRule, place: int) -> program.EventRule:
    model = mine.rule.model
    assert isinstance(model, EventAlertRule), "what else is counted"
    kept_ms = model.keep_firing_for_ms
    return program.EventRule(
        id=rule.id,
        group=mine.group.name,
        name=model.alert,
        source=f"{rule.path}:{rule.line}",
        does=rule.does,
        place=place,
        labels=mine.group.labels | model.labels,
        annotations=model.annotations,
        group_by=tuple(model.group_by),
        keep_firing_for_ms=_seen_for_ms(rule) if kept_ms is None else kept_ms,
        limit=mine.group.limit,
        raises=rule.raises and rule.id == mine.alerts,
    )


def _counter(mine: Inline, model: EventRecordRule, rule: SigmaRule, place: int) -> program.EventCounter:
    assert isinstance(rule.does, Detection), "a log metric has no correlation"
    return program.EventCounter(
        id=rule.id,
        group=mine.group.name,
        name=model.record,
        source=f"{rule.path}:{rule.line}",
        detection=rule.does,
        place=place,
        labels=mine.group.labels | model.labels,
        value=model.value or "",
    )


def _seen_for_ms(rule: SigmaRule) -> int:
    return max(SEEN_FOR_MS, rule.does.timespan_ms if isinstance(rule.does, Correlation) else 0)


def _labels(rule: SigmaRule) -> dict[str, str]:
    """Level, log source and tags; of the tags of ATT&CK, tactics and techniques each have a label of their own."""
    about = rule.about
    attack = [tag.removeprefix(_TACTICS_PREFIX) for tag in about.tags if tag.startswith(_TACTICS_PREFIX)]
    numbered = [tag for tag in attack if tag[:1] in "tsg" and tag[1:2].isdigit()]
    source = rule.does.logsource if isinstance(rule.does, Detection) else None
    said = {
        "severity": about.level,
        "attack_tactic": ",".join(tag for tag in attack if tag not in numbered),
        "attack_technique": ",".join(tag.upper() for tag in numbered),
        "tags": ",".join(tag for tag in about.tags if not tag.startswith(_TACTICS_PREFIX)),
        "product": source.product if source else "",
        "category": source.category if source else "",
        "service": source.service if source else "",
    }
    return {name: text for name, text in said.items() if text}


def _annotations(rule: SigmaRule) -> dict[str, str]:
    about: About = rule.about
    said = {
        "summary": about.title,
        "description": about.description,
        "status": about.status,
        "false_positives": "; ".join(about.falsepositives),
        "references": " ".join(about.references),
        "author": about.author,
        "rule_id": rule.id,
    }
    return {name: text for name, text in said.items() if text}


def _plain(texts: Mapping[str, str]) -> dict[str, str]:
    """Sigma knows no templates: what looks like one is meant as it stands."""
    return {name: text.replace("{{", '{{ "{{" }}') for name, text in texts.items()}
