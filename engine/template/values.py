"""What a template computes with: Go's kinds of value, and how they compare. What is in them is `access`'.

Text, int, float, bool, None, mappings and sequences are Python's own; the classes here are the rest.
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
    external_url: str = ""


class Arguments(dict[str, object]):
    """What `args` makes: values of any kind by name, of which a missing one is none rather than empty text."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One element of a query's result."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, Unix milliseconds."""

    time_ms: int


def equal(left: Value, right: Value) -> bool:
    if left is None or right is None:
        return left is right
    _check_comparable(left, right)
    return left == right


def less(left: Value, right: Value) -> bool:
    _check_comparable(left, right)
    if isinstance(left, bool) or not isinstance(left, str | int | float):
        raise TemplateError("invalid type for comparison")
    return left < right  # type: ignore[operator]  # of the same kind, as just checked


def _check_comparable(left: Value, right: Value) -> None:
    """Go compares no whole number with one that has a point: `gt $value 10` fails, `gt $value 10.0` does not."""
    if type(left) is not type(right):
        raise TemplateError(f"incompatible types for comparison: {type_name(left)} and {type_name(right)}")
    if not isinstance(left, str | int | float | bool):
        raise TemplateError("invalid type for comparison")


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
