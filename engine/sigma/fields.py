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
    ways = [_one(name) for name in field.split("|")]
    if len(ways) == 1:
        return ways[0]

    def first(data: Mapping[str, Any]) -> Any:
        for way in ways:
            if (value := way(data)) is not MISSING:
                return value
        return MISSING

    return first


def get(data: Mapping[str, Any], field: str) -> Any:
    """The value of `field`, MISSING where it is not there."""
    return lookup(field)(data)


def _one(name: str) -> Lookup:
    steps = name.split(".")
    if len(steps) == 1:
        return lambda data: data.get(name, MISSING)

    def dotted(data: Mapping[str, Any]) -> Any:
        value = data.get(name, MISSING)
        return _nested(data, steps) if value is MISSING else value

    return dotted


def _nested(value: Any, steps: list[str]) -> Any:
    """Down through objects, and through each item of a list that lies on the way."""
    for position, step in enumerate(steps):
        if isinstance(value, list):
            found = [inner for item in value if (inner := _nested(item, steps[position:])) is not MISSING]
            return found or MISSING
        if not isinstance(value, Mapping) or step not in value:
            return MISSING
        value = value[step]
    return value
