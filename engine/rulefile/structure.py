"""Nodes to the models of `schemas.rulefile`, group by group and rule by rule, so that one mistake hides no other."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from engine.rulefile.checks import Checks
from engine.rulefile.errors import RuleError
from engine.rulefile.messages import PLANNED, closest, field_path, problem
from engine.rulefile.yamlparse import YamlError, documents, parse
from engine.rulefile.yamltree import Mapping, Mark, Node, Scalar, Sequence, locate, plain, repeated
from schemas.rulefile import (
    AlertRule,
    EventAlertRule,
    EventRecordRule,
    Group,
    HealRule,
    RecordingRule,
    RespondRule,
    Rule,
    RuleFile,
)
from schemas.scalefile import ScaleRule
from schemas.wording import shown

KINDS: dict[str, type[Rule]] = {
    "heal": HealRule,
    "respond": RespondRule,
    "scale": ScaleRule,
    "alert": AlertRule,
    "record": RecordingRule,
}
"""A rule is of the first of these kinds whose field says something: `heal` and `respond` rules have an `alert` too."""

EVENT_KINDS: dict[str, type[Rule]] = {"alert": EventAlertRule, "record": EventRecordRule}
"""Those that are about events have one of these fields."""
EVENT_FIELDS = ("logsource", "detection", "correlation")

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Place:
    """A file, group or rule, and where it stands. `where` names group and rule as error messages do."""

    path: str
    node: Node
    where: str = ""

    def error(self, path: tuple[str | int, ...], message: str, *, key: bool = False) -> RuleError:
        """A mistake at `path` inside this node, at the value there or, with `key`, at its name."""
        return self.error_at(locate(self.node, path, key=key), path, message)

    def error_at(self, mark: Mark, path: tuple[str | int, ...], message: str) -> RuleError:
        return RuleError(self.path, mark.line, mark.column, message, self.where, field_path(path))


@dataclass(frozen=True, slots=True)
class Found(Generic[M]):
    """A group or rule as read. `model` is None where it was not valid; `kind` is the field that holds `name`."""

    place: Place
    model: M | None
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """A group with its rules, the broken ones too."""

    header: Found[Group]
    rules: tuple[Found[Rule], ...]


class Reader:
    """Reads files one after the other; `errors` grows with each."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self.errors: list[RuleError] = []

    def file(self, path: str, text: str) -> tuple[FoundGroup, ...]:
        """The groups of one file."""
        try:
            place = Place(path, parse(text))
        except YamlError as error:
            self.errors.append(RuleError(path, error.mark.line, error.mark.column, error.problem))
            return ()
        if isinstance(place.node, Scalar) and place.node.value is None:
            return ()
        if not isinstance(place.node, Mapping):
            self.errors.append(place.error((), f"expected a mapping with `groups`, got {shown(plain(place.node))}"))
            return ()
        self._validated(RuleFile, place, "groups")
        return tuple(self._groups(place))

    def document(self, path: str, text: str, model: type[M], named: str = "") -> tuple[Place, M | None] | None:
        """A file that is one mapping; None for one that is empty or no YAML. Its field `named` says what it is."""
        try:
            first, *more = documents(text)
        except YamlError as error:
            self.errors.append(RuleError(path, error.mark.line, error.mark.column, error.problem))
            return None
        place = Place(path, first)
        if more:  # nobody would look at it, though it may be what bounds something
            self.errors.append(Place(path, more[0]).error((), "a second document: expected one in this file"))
        if isinstance(place.node, Scalar) and place.node.value is None:
            return None
        if not isinstance(place.node, Mapping):
            self.errors.append(place.error((), f"expected a mapping, got {shown(plain(place.node))}"))
            return None
        if name := _text(place.node, named):
            place = replace(place, where=f"{named} {shown(name)}")
        return place, self._validated(model, place)

    def _groups(self, file: Place) -> Iterator[FoundGroup]:
        for position, node in enumerate(_items(file.node, "groups"), start=1):
            name = _text(node, "name")
            place = Place(file.path, node, f"group {shown(name)}" if name else f"group #{position}")
            model = self._validated(Group, place, "rules")
            limit = node.fields.get("limit") if isinstance(node, Mapping) else None
            if model and isinstance(limit, Scalar) and not limit.plain:
                self.errors.append(
                    place.error(("limit",), f"expected a number without quotes, got {shown(limit.value)}")
                )
            yield FoundGroup(Found(place, model, "name", name), tuple(self._rules(place)))

    def _rules(self, group: Place) -> Iterator[Found[Rule]]:
        for position, node in enumerate(_items(group.node, "rules"), start=1):
            kind = _kind(node)
            name = _text(node, kind)
            where = f"{group.where}, rule {shown(name) if name else f'#{position}'}"
            place = Place(group.path, node, where)
            model: Rule | None = None
            if error := _kind_error(place, kind):
                self.errors.append(error)
            else:
                model = self._validated(_model_of(node, kind), place)
            yield Found(place, model, kind, name)

    def _validated(self, model: type[M], place: Place, without: str = "") -> M | None:
        """The node as `model`; its list `without` is left out, to be read item by item."""
        for path, again, before in repeated(place.node, without):
            self.errors.append(place.error_at(again, path, f"is given twice; the first is on line {before.line}"))
        try:
            return model.model_validate(plain(place.node, without), context={"checks": self._checks})
        except ValidationError as invalid:
            for error in invalid.errors(include_url=False):
                message, key = problem(error, model)
                path = tuple(part for part in error["loc"] if part != "[key]")
                self.errors.append(place.error(path, message, key=key))
            return None


def _kind(node: Node) -> str:
    """The kind of a rule: a field that is there but says nothing makes none while another one does."""
    there = [kind for kind in KINDS if isinstance(node, Mapping) and kind in node.fields]
    return next((kind for kind in there if _text(node, kind)), there[0] if there else "")


def _model_of(node: Node, kind: str) -> type[Rule]:
    about_events = isinstance(node, Mapping) and any(field in node.fields for field in EVENT_FIELDS)
    return EVENT_KINDS.get(kind, KINDS[kind]) if about_events else KINDS[kind]


def _kind_error(place: Place, kind: str) -> RuleError | None:
    """What is wrong with a rule before its fields are looked at: it is of no kind, of two, or of a later one."""
    if not isinstance(place.node, Mapping):
        return place.error((), f"expected a rule, got {shown(plain(place.node))}")
    fields = place.node.fields
    if planned := next((name for name in fields if name in PLANNED), None):
        return place.error((planned,), PLANNED[planned], key=True)
    if kind == "alert" and _text(place.node, "record"):
        return place.error(("record",), "a rule has either `alert` or `record`, not both", key=True)
    if kind:
        return None
    for name in fields:
        if close := closest(name, KINDS):
            return place.error((name,), f'unknown field, did you mean "{close}"?', key=True)
    return place.error((), f"expected a rule with one of {', '.join(f'`{known}`' for known in sorted(KINDS))}")


def _items(node: Node, name: str) -> tuple[Node, ...]:
    """The items of the list in field `name`, but for those without a value, which are none in Prometheus either.

    None where there is no such list, which validation reports.
    """
    value = node.fields.get(name) if isinstance(node, Mapping) else None
    items = value.items if isinstance(value, Sequence) else ()
    return tuple(item for item in items if not (isinstance(item, Scalar) and item.value is None))


def _text(node: Node, name: str) -> str:
    value = node.fields.get(name) if isinstance(node, Mapping) else None
    return value.value or "" if isinstance(value, Scalar) else ""
