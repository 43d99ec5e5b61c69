"""A YAML document that knows where everything stands. What the fields mean is not known here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the file, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """Text, or None where no value is written. `plain`: it is written without quotes, and so may be a number."""

    mark: Mark
    value: str | None
    plain: bool = True
    size: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A list. `size` counts the values below, those behind an alias each time they are used."""

    mark: Mark
    items: tuple["Node", ...]
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """Fields by name, with the places of the names, and `size` as in a list.

    `repeated` are names given again: the name, there, and before.
    """

    mark: Mark
    fields: dict[str, "Node"]
    keys: dict[str, Mark]
    repeated: tuple[tuple[str, Mark, Mark], ...]
    size: int


Node: TypeAlias = Scalar | Sequence | Mapping


def plain(node: Node, without: str = "") -> Any:
    """The tree as dicts, lists, text and None. The list in the field `without` becomes an empty one."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {
                name: [] if name == without and isinstance(value, Sequence) else plain(value)
                for name, value in node.fields.items()
            }


def locate(node: Node, path: tuple[str | int, ...], *, key: bool = False) -> Mark:
    """Where the value at `path` stands (with `key` its name), or the innermost thing around it that there is."""
    mark = node.mark
    for position, part in enumerate(path):
        last = position == len(path) - 1
        if isinstance(node, Mapping) and isinstance(part, str) and part in node.fields:
            value = node.fields[part]
            empty = isinstance(value, Scalar) and value.value is None
            mark = node.keys[part] if last and (key or empty) else value.mark
            node = value
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            mark = node.mark
        else:
            break
    return mark


def at(node: Node, path: tuple[str | int, ...]) -> Node | None:
    """What stands at `path`, None where nothing does."""
    found: Node | None = node
    for part in path:
        if isinstance(found, Mapping) and isinstance(part, str):
            found = found.fields.get(part)
        elif isinstance(found, Sequence) and isinstance(part, int) and part < len(found.items):
            found = found.items[part]
        else:
            return None
    return found


def repeated(node: Node, without: str = "", path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every name given twice in the same mapping: its path, where it is repeated, where it was before."""
    match node:
        case Sequence():
            for position, item in enumerate(node.items):
                yield from repeated(item, path=(*path, position))
        case Mapping():
            for name, again, before in node.repeated:
                yield (*path, name), again, before
            for name, value in node.fields.items():
                if name != without:
                    yield from repeated(value, path=(*path, name))
