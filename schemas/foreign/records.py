"""What a record of a known form is, and how its fields are found."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Fields = dict[str, Any]

MISSING: Any = object()


class Known(NamedTuple):
    """What an event is made of: its `type`, Sigma's log source in lower case, `data` and `time` (RFC 3339)."""

    type: str
    product: str
    category: str
    service: str
    data: Fields
    time: str | None = None


Reader = Callable[[Fields], Known | None]
"""An object to what it is; None where it is no record of this form. It leaves the object as it is, and raises nothing,
whatever the object holds."""


def find(data: Mapping[str, Any], path: str) -> Any:
    """The value of the key `a.b` or, failing that, of `b` in the object `a`; MISSING."""
    if path in data:
        return data[path]
    value: Any = data
    for step in path.split("."):
        if not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value


def text(data: Mapping[str, Any], path: str) -> str:
    """The value, if it is text; "" otherwise."""
    value = find(data, path)
    return value if isinstance(value, str) else ""


def objects(data: Mapping[str, Any], path: str) -> Fields:
    """The value, if it is an object; an empty one otherwise."""
    value = find(data, path)
    return value if isinstance(value, dict) else {}


def renamed(data: Mapping[str, Any], names: Mapping[str, str]) -> Fields:
    """What `names` (theirs → ours) finds, under our names; of what is not there, or null, nothing."""
    found = ((ours, find(data, theirs)) for theirs, ours in names.items())
    return {ours: value for ours, value in found if value is not MISSING and value is not None}


def raised(data: Fields, *within: str) -> Fields:
    """The object with the fields of the objects `within` it beside its own, which count where both have one."""
    return {name: value for path in reversed(within) for name, value in objects(data, path).items()} | data
