"""Where a field lies in the data of an event."""

from collections.abc import Callable, Mapping
from typing import Any

MISSING: Any = object()
"""What a lookup gives where the event has no such field; null is a value."""

Lookup = Callable[[Mapping[str, Any]], Any]


def lookup(field: str) -> Lookup:
    """The function that finds `field` in the data of an event: its value, or MISSING.

    `a.b` is the key `a.b` or, failing that, `b` in the object `a`. `x|y` is the first of them that is there.
    """
    ways = [(name, name.split(".") if "." in name else None) for name in field.split("|")]
    if len(ways) == 1 and not ways[0][1]:
        return lambda data: data.get(field, MISSING)

    def first(data: Mapping[str, Any]) -> Any:
        for name, steps in ways:
            value = data.get(name, MISSING)
            if value is MISSING and steps:
                value = _nested(data, steps)
            if value is not MISSING:
                return value
        return MISSING

    return first


def get(data: Mapping[str, Any], field: str) -> Any:
    """The value of `field`, MISSING where it is not there."""
    return lookup(field)(data)


def items(value: Any) -> list[Any]:
    """The value itself or, of a list, its items, however deep lists lie in lists."""
    if not isinstance(value, list):
        return [value]
    found: list[Any] = []
    rest = value[::-1]
    while rest:
        item = rest.pop()
        if isinstance(item, list):
            rest.extend(reversed(item))
        else:
            found.append(item)
    return found


def _nested(value: Any, steps: list[str]) -> Any:
    """Down through objects, and through each item of a list that lies on the way."""
    for position, step in enumerate(steps):
        if isinstance(value, list):
            rest = steps[position:]
            found = [inner for item in items(value) if (inner := _nested(item, rest)) is not MISSING]
            return found or MISSING
        if not isinstance(value, Mapping) or step not in value:
            return MISSING
        value = value[step]
    return value
