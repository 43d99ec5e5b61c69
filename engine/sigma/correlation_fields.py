"""What the fields of a correlation are called in the events of the rules that it refers to.

Pipelines name fields by log source, and a correlation has none: its rules have.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.sigma.documents import Refused
from engine.sigma.model import LogSource
from engine.sigma.parse_pipelines import Pipelines
from engine.sigma.parts import Correlated, Detected
from engine.sigma.references import References


class Fields(NamedTuple):
    aliases: dict[str, dict[str, str]]
    fields: tuple[str, ...]


class CorrelationFields:
    def __init__(self, references: References, pipelines: Pipelines) -> None:
        self._references = references
        self._pipelines = pipelines
        self._known: dict[tuple[str, LogSource], str] = {}

    def of(self, part: Correlated, ids: Mapping[str, str], path: str) -> Fields:
        """`ids` are those of the rules by what the correlation calls them; none of them refers back to it. A field
        that is called otherwise in events becomes an alias, so that groups bear the names that the author gave them.
        Raises Refused.
        """
        aliases = {alias: self._alias(alias, given, ids, path) for alias, given in part.aliases.items()}
        for field in part.group_by:
            called = {rule: self._called(field, rule) for rule in ids.values()}
            if field not in aliases and any(name != field for name in called.values()):
                aliases[field] = called
        fields = tuple(_either(self._called(field, rule) for rule in ids.values()) for field in part.fields)
        return Fields(aliases, fields)

    def _alias(self, alias: str, given: Mapping[str, str], ids: Mapping[str, str], path: str) -> dict[str, str]:
        fields = {}
        for rule, field in given.items():
            found = ids.get(rule) or self._other(rule, path, alias)
            if found in ids.values():
                fields[found] = self._called(field, found)
        return fields

    def _other(self, rule: str, path: str, alias: str) -> str:
        try:
            return self._references.find(rule, path).id
        except Refused as refused:
            raise refused.below("aliases", alias) from refused

    def _called(self, field: str, rule: str) -> str:
        """By the events of a rule. By a correlation itself, if it groups by the field, or else by all below it."""
        part = self._references.by_id[rule].part
        if isinstance(part, Correlated) and field in part.group_by:
            return field
        return _either(self._mapped(field, origin) for origin in dict.fromkeys(self._origins(rule))) or field

    def _origins(self, rule: str) -> Iterator[LogSource]:
        entry = self._references.by_id[rule]
        if isinstance(entry.part, Detected):
            yield entry.part.origin
            return
        for name in entry.part.rules:
            yield from self._origins(self._references.find(name, entry.path).id)

    def _mapped(self, field: str, origin: LogSource) -> str:
        key = (field, origin)
        if key not in self._known:
            self._known[key] = self._pipelines.field(field, origin)
        return self._known[key]


def _either(names: Iterable[str]) -> str:
    """One name for the first of several that an event has."""
    return "|".join(dict.fromkeys(part for name in names for part in name.split("|")))
