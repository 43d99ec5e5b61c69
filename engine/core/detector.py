"""The event rules of a program, made ready to be tried: which of them an event fits. Derived, never saved."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from engine.core.destination import Destination
from engine.core.program import EventCounter, EventRule, Program
from engine.sigma.fields import Lookup, lookup
from engine.sigma.matcher import Matcher
from engine.sigma.model import Correlation, Detection, LogSource
from engine.template import Template, parse
from schemas.labels import Labels

NODE = "node"
"""The label of the node that sent an event."""

_JUST_A_FIELD = re.compile(r"\{\{\s*\$labels\.(\w+)\s*\}\}", re.ASCII)


@dataclass(frozen=True)
class CompiledEventRule:
    """One rule with its templates, and where the fields lie that tell its alerts apart: made when they are first asked
    for, as of thousands of rules most never fire.
    """

    rule: EventRule
    destination: Destination = field(default_factory=Destination)

    @cached_property
    def labels(self) -> tuple[tuple[str, Template], ...]:
        return _parsed(self.rule.labels)

    @cached_property
    def annotations(self) -> tuple[tuple[str, Template], ...]:
        return _parsed(self.rule.annotations)

    @cached_property
    def group_by(self) -> tuple[tuple[str, Lookup], ...]:
        return tuple((label_name(name), lookup(name)) for name in self.rule.group_by)


@dataclass(frozen=True, slots=True)
class CompiledCounter:
    """One log metric with the templates of its labels."""

    counter: EventCounter
    labels: tuple[tuple[str, Template], ...]
    value: Lookup | None
    fields: tuple[tuple[str, str], ...] | None
    """Where each label is just a field, label and field: most are, and need no template."""

    def named_by(self, element: Mapping[str, str]) -> Labels | None:
        """The labels that an event gives, None where it takes the templates to tell."""
        if self.fields is None:
            return None
        return tuple((label, element.get(field, "")) for label, field in self.fields)


class Detector:
    """`rules` by id. `correlated` are the ids of those that a correlation refers to."""

    def __init__(self, program: Program) -> None:
        self._made_of = program.events, program.counters
        self.rules = {rule.id: CompiledEventRule(rule) for rule in program.events}
        self.counters = {counter.id: _compiled_counter(counter) for counter in program.counters}
        self.correlations = {rule.id: rule.does for rule in program.events if isinstance(rule.does, Correlation)}
        self.correlated = frozenset(each for rule in self.correlations.values() for each in rule.rules)
        self._tried: list[CompiledEventRule | CompiledCounter] = []
        detections: list[Detection] = []
        for rule in self.rules.values():
            if isinstance(rule.rule.does, Detection) and (rule.rule.raises or rule.rule.id in self.correlated):
                self._tried.append(rule)
                detections.append(rule.rule.does)
        for counter in self.counters.values():
            self._tried.append(counter)
            detections.append(counter.counter.detection)
        self._matcher = Matcher(detections)

        self.node_is_aliased = node_is_aliased(
            rule.rule for rule in self.rules.values() if rule.rule.id in self.correlations
        )

    def is_of(self, program: Program) -> bool:
        """Whether it is what would be made of this program: most edits leave the rules over events as they are."""
        return self._made_of == (program.events, program.counters)

    def found(self, data: Mapping[str, Any], logsource: LogSource) -> Iterator[CompiledEventRule | CompiledCounter]:
        """The rules that an event of this log source fits, in the order of the program, then the counters."""
        for position in self._matcher.match(data, logsource):
            yield self._tried[position]


def node_is_aliased(rules: Iterable[EventRule]) -> bool:
    """Whether a correlation calls another field `node`, so that nobody can tell what a group's is."""
    return any(isinstance(rule.does, Correlation) and NODE in rule.does.aliases for rule in rules)


def _compiled_counter(counter: EventCounter) -> CompiledCounter:
    just = [(label, _JUST_A_FIELD.fullmatch(text)) for label, text in sorted(counter.labels.items())]
    return CompiledCounter(
        counter=counter,
        labels=_parsed(counter.labels),
        value=lookup(counter.value) if counter.value else None,
        fields=None
        if any(found is None for _, found in just)
        else tuple((label, found[1]) for label, found in just if found),
    )


def _parsed(texts: Mapping[str, str]) -> tuple[tuple[str, Template], ...]:
    return tuple((name, parse(text)) for name, text in sorted(texts.items()))


@lru_cache(maxsize=4_096)  # the same few fields in every event
def label_name(name: str) -> str:
    """The label that a field becomes: `source.ip` is `source_ip`; of alternatives, the first names it."""
    first = name.partition("|")[0]
    return "".join(character if character.isascii() and character.isalnum() else "_" for character in first) or "_"
