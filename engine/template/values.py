"""What a template computes with: Go's kinds of value, their fields, and how they compare.

Text, int, float, bool, None, mappings and sequences are Python's own; `Data`, `Sample` and `Moment` are the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.template.errors import TemplateError
from schemas.labels import Labels

Query = Callable[[str], Sequence[tuple[Labels, float]]]
Value = object
"""Any of the kinds above; what a function needs it checks."""


@dataclass(frozen=True, slots=True)
class Data:
    """The dot of a whole template: what Prometheus hands to one."""

    labels: Mapping[str, str]
    external_labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One element of a query's result."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, Unix milliseconds."""

    time_ms: int


def field(value: Value, name: str) -> Value:
    """`value.name`. A label that is missing is empty text. Raises TemplateError where there is no such field."""
    match value:
        case Data():
            fields: dict[str, Value] = {
                "Labels": value.labels,
                "ExternalLabels": value.external_labels,
                "ExternalURL": "",
                "Value": value.value,
            }
        case Sample():
            fields = {"Labels": value.labels, "Value": value.value}
        case Mapping():
            return value.get(name, "")
        case _:
            fields = {}
    if name not in fields:
        raise TemplateError(f"{type_name(value)} has no field {name}")
    return fields[name]


def index(value: Value, key: Value) -> Value:
    """`index value key`: of a mapping by name, of a sequence or text by number."""
    if isinstance(value, Mapping):
        return value.get(key, "")
    if isinstance(value, Sequence) and isinstance(key, int):
        if not 0 <= key < len(value):
            raise TemplateError(f"index out of range: {key}")
        return ord(value[key]) if isinstance(value, str) else value[key]
    raise TemplateError(f"cannot index {type_name(value)} with {type_name(key)}")


def is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: Value, right: Value) -> bool:
    _check_comparable(left, right)
    return left == right


def less(left: Value, right: Value) -> bool:
    _check_comparable(left, right)
    if isinstance(left, bool) or not isinstance(left, str | int | float):
        raise TemplateError(f"{type_name(left)} has no order")
    return left < right  # type: ignore[operator]  # of the same kind, as just checked


def _check_comparable(left: Value, right: Value) -> None:
    same = type(left) is type(right) or (is_number(left) and is_number(right))
    if not same or not isinstance(left, str | int | float | bool):
        raise TemplateError(f"cannot compare {type_name(left)} with {type_name(right)}")


def type_name(value: Value) -> str:
    """The type's name in Go, which is what authors of templates know."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "bool"
        case str():
            return "string"
        case int():
            return "int"
        case float():
            return "float64"
        case Mapping():
            return "map[string]string"
        case Sample():
            return "*template.sample"
        case Moment():
            return "*time.Time"
        case Sequence():
            return "template.queryResult"
    return "struct"
