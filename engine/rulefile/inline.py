"""Rules over events in our own files, as the Sigma documents that they stand for.

An `alert` with a `detection` and a `correlation` is two of them, of which the second refers to the first. Their ids are
digests of what they say, so that an edit of anything else leaves their alerts alone.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from engine.rulefile.build import digest_of
from engine.rulefile.structure import Found, FoundGroup
from engine.rulefile.yamltree import Mapping, Node
from engine.rulefile.yamltyped import typed
from engine.sigma.documents import Document
from schemas.rulefile import EventAlertRule, EventRecordRule, Group, Rule


@dataclass(frozen=True, slots=True)
class Inline:
    """One rule over events of ours. `base` is the id of its detection, `top` of its correlation, or ""."""

    group: Group
    rule: Found[Rule]
    base: str
    top: str

    @property
    def alerts(self) -> str:
        """The id of the Sigma rule that its alerts are of, or whose events it counts."""
        return self.top or self.base

    def documents(self) -> Iterator[Document]:
        """Sigma's; those that refer to nothing but each other do so by id."""
        path, node = self.rule.place.path, self.rule.place.node
        if self.base:
            said = {"id": self.base, "title": self.rule.name, "logsource": _of(node, "logsource")}
            yield Document(path, node.mark.line, said | {"detection": _of(node, "detection")})
        if self.top:
            correlation = _of(node, "correlation")
            if self.base and isinstance(correlation, dict):
                correlation.setdefault("rules", [self.base])
            yield Document(path, node.mark.line, {"id": self.top, "title": self.rule.name, "correlation": correlation})


def inline(groups: Sequence[FoundGroup]) -> dict[str, tuple[Inline, ...]]:
    """The rules over events in files of ours, by path."""
    found: dict[str, list[Inline]] = {}
    seen: Counter[str] = Counter()
    for group in groups:
        for rule in group.rules:
            if group.header.model and isinstance(rule.model, EventAlertRule | EventRecordRule):
                found.setdefault(rule.place.path, []).append(_inline(group.header.model, rule, seen))
    return {path: tuple(rules) for path, rules in found.items()}


def _inline(group: Group, rule: Found[Rule], seen: Counter[str]) -> Inline:
    node = rule.place.node
    detection = [_of(node, name) for name in ("logsource", "detection")]
    correlation = _of(node, "correlation")
    identical = digest_of([group.name, rule.kind, rule.name, _json([*detection, correlation])], size=16)
    seen[identical] += 1
    nth = str(seen[identical])
    base = _id(identical, "detection", nth) if detection[1] is not None else ""
    return Inline(group, rule, base, _id(identical, "correlation", nth) if correlation is not None else "")


def _of(node: Node, name: str) -> Any:
    return typed(node.fields[name]) if isinstance(node, Mapping) and name in node.fields else None


def _id(*parts: str) -> str:
    return str(UUID(digest_of(parts, size=16)))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
