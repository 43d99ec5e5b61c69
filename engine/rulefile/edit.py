"""Changes the `mode` of one rule in the text of its file, and nothing else: comments, order, quotes and line ends stay.

YAML has many ways to say the same. Where the field stands is known from the tree; how it is best written there is
tried, and what was tried counts only if the file then reads as before but for this one field.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from engine.rulefile.yamlparse import YamlError, parse
from engine.rulefile.yamltree import Mapping, Mark, Node, Scalar, Sequence, at, plain, repeated

KINDS = ("heal", "respond", "scale")
"""The kinds of rules that have a mode."""
MODE = "mode"

Path = tuple[str | int, ...]

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line in YAML."""
_WRITTEN = re.compile(r"([\"']?)(?:shadow|approve|auto)\1")
_COMMENT = re.compile(r"[ \t]*#")


class NotEditableError(Exception):
    """The field is written in a way that a person has to change."""


def find(text: str, group: str, kind: str, name: str) -> Path | None:
    """Where the rule stands in the file; None where it does not. Raises YamlError."""
    tree = parse(text)
    for nth, each in enumerate(_items(at(tree, ("groups",)))):
        if _says(each, "name", group):
            for position, rule in enumerate(_items(at(each, ("rules",)))):
                if _says(rule, kind, name):
                    return "groups", nth, "rules", position
    return None


def with_mode(text: str, path: Path, mode: str) -> str:
    """The text with the rule at `path` in this mode. Raises `NotEditableError`, YamlError."""
    tree = parse(text)
    rule = at(tree, path)
    assert isinstance(rule, Mapping), "find() finds mappings"
    wanted = _changed(plain(tree), path, mode)
    for tried in _tries(text, rule, mode):
        try:
            tree = parse(tried)
            if plain(tree) == wanted and not any(repeated(tree)):
                return tried
        except YamlError:
            continue
    raise NotEditableError(
        f"`{MODE}` is shared with other rules, or written in an unusual way: expected `mode: {mode}`"
    )


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Sequence) else ()


def _says(node: Node, field: str, value: str) -> bool:
    found = at(node, (field,))
    return isinstance(found, Scalar) and found.value == value


def _changed(tree: Any, path: Path, mode: str) -> Any:
    changed = deepcopy(tree)
    rule = changed
    for part in path:
        rule = rule[part]
    rule[MODE] = mode
    return changed


def _tries(text: str, rule: Mapping, mode: str) -> Iterator[str]:
    """The text with the field replaced; then with the field added, on a line of its own or in the same."""
    found = rule.fields.get(MODE)
    if isinstance(found, Scalar) and (written := _WRITTEN.match(text, offset := _offset(text, found.mark))):
        quote = written[1]
        yield text[:offset] + quote + mode + quote + text[written.end() :]
    for name, mark in sorted(rule.keys.items(), key=lambda each: (each[1].line, each[1].column)):
        if name not in (*KINDS, "alert"):
            yield _with_line_before(text, mark, mode)
            yield _with_field_before(text, mark, mode)
    for kind in KINDS:
        if kind in rule.keys:
            yield _with_line_after(text, rule.keys[kind], mode)


def _with_line_before(text: str, mark: Mark, mode: str) -> str:
    """A line more, before that of another field and the comments on it."""
    starts = _starts(text)
    line = mark.line - 1
    while line > 0 and _COMMENT.match(text, starts[line - 1]):
        line -= 1
    ending = _BREAK.search(text)
    at_line = starts[line]
    return (
        text[:at_line] + " " * (mark.column - 1) + f"{MODE}: {mode}" + (ending[0] if ending else "\n") + text[at_line:]
    )


def _with_line_after(text: str, mark: Mark, mode: str) -> str:
    """A line more, after that of a field."""
    field = " " * (mark.column - 1) + f"{MODE}: {mode}"
    ending = _BREAK.search(text, _offset(text, mark))
    if ending is None:
        return f"{text}\n{field}"
    return text[: ending.end()] + field + ending[0] + text[ending.end() :]


def _with_field_before(text: str, mark: Mark, mode: str) -> str:
    """In `{…}`."""
    offset = _offset(text, mark)
    return f"{text[:offset]}{MODE}: {mode}, {text[offset:]}"


def _offset(text: str, mark: Mark) -> int:
    return _starts(text)[mark.line - 1] + mark.column - 1


def _starts(text: str) -> list[int]:
    """Where each line begins."""
    return [0, *(found.end() for found in _BREAK.finditer(text))]
