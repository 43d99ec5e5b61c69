"""YAML text to a tree. Scalars stay text, or None where nothing is written; tags are ignored, as all fields are typed.

Built from parser events rather than `yaml.compose`, which recurses in C and so crashes the process on input that is
nested deeply enough.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from engine.rulefile.yamltree import Mapping, Mark, Node, Scalar, Sequence

_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_DEPTH = 50
MAX_SIZE = 1_000_000
"""Values of one file. A few lines of aliases to aliases could stand for more than memory holds."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_NOT_IN_YAML = yaml.reader.Reader.NON_PRINTABLE


class YamlError(Exception):
    """The text is not YAML, or not of a kind that a rule file can be."""

    def __init__(self, mark: Mark, problem: str) -> None:
        super().__init__(problem)
        self.mark = mark
        self.problem = problem


def parse(text: str) -> Node:
    """The tree of the first document in `text`; as in Prometheus, nobody looks at what follows. Raises YamlError."""
    return next(documents(text))


def documents(text: str) -> Iterator[Node]:
    """The tree of each document in `text`, at least one, which may be empty. Raises YamlError where it comes to it."""
    if found := _NOT_IN_YAML.search(text):
        before = text[: found.start()]
        mark = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise YamlError(mark, f"the character U+{ord(found[0]):04X} is not allowed in YAML")
    builder = _Builder(yaml.parse(text, Loader=_Parser))
    try:
        yield builder.document() or Scalar(Mark(1, 1), None)
        while document := builder.document():
            yield document
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text) from error


class _Builder:
    """Recursive descent over the events of one document after the other."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, Node] = {}

    def document(self) -> Node | None:
        """The next document, None where there is none."""
        self._anchors = {}
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                return self._node(next(self._events), 0)
        return None

    def _node(self, event: Any, depth: int) -> Node:
        mark = _mark(event.start_mark)
        if depth > MAX_DEPTH:
            raise YamlError(mark, f"nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise YamlError(mark, f"there is no anchor &{event.anchor} before this *{event.anchor}")
            return self._anchors[event.anchor]
        node = self._content(event, mark, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: Any, mark: Mark, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            is_plain = event.implicit[0]
            return Scalar(mark, None if is_plain and event.value in _NULLS else event.value, is_plain)
        if isinstance(event, yaml.SequenceStartEvent):
            items = tuple(self._items(depth))
            return Sequence(mark, items, _size(mark, items))
        return self._mapping(mark, depth)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _mapping(self, mark: Mark, depth: int) -> Mapping:
        fields: dict[str, Node] = {}
        keys: dict[str, Mark] = {}
        again: list[tuple[str, Mark, Mark]] = []
        merged: list[Mapping] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            name = _name(key)
            if name is None:
                continue  # as in Go: a field without a name is none
            if name == "<<":
                merged += _merged(value)
            elif name in keys:
                again.append((name, key.mark, keys[name]))
            else:
                fields[name], keys[name] = value, key.mark
        for other in merged:
            fields = other.fields | fields
            keys = other.keys | keys
        return Mapping(mark, fields, keys, tuple(again), _size(mark, fields.values()))


def _size(mark: Mark, children: Iterable[Node]) -> int:
    size = 1 + sum(child.size for child in children)
    if size > MAX_SIZE:
        raise YamlError(mark, f"stands for more than {MAX_SIZE} values, with its aliases")
    return size


def _name(key: Node) -> str | None:
    if not isinstance(key, Scalar):
        raise YamlError(
            key.mark, f"expected the name of a field, got a {'list' if isinstance(key, Sequence) else 'mapping'}"
        )
    return key.value


def _merged(value: Node) -> list[Mapping]:
    """What `<<: *other` or `<<: [*one, *other]` brings in, first the one that wins."""
    values = value.items if isinstance(value, Sequence) else (value,)
    mappings = [item for item in values if isinstance(item, Mapping)]
    if len(mappings) < len(values):
        raise YamlError(value.mark, "expected a mapping to merge")
    return mappings


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _syntax_error(error: yaml.MarkedYAMLError, text: str) -> YamlError:
    mark = _mark(error.problem_mark)
    lines = text.splitlines()
    at = lines[mark.line - 1][mark.column - 1 :] if mark.line <= len(lines) else ""
    if at.startswith("\t"):
        return YamlError(mark, "YAML does not allow a tab here; indent with spaces")
    context = f" {error.context}" if error.context else ""
    if context and error.context_mark:
        context += f" that begins at {error.context_mark.line + 1}:{error.context_mark.column + 1}"
    return YamlError(mark, f"not YAML: {error.problem}{context}")
