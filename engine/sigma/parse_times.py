"""Parts of a point in time (`field|hour: 3`, `field|hour|gte: 22`)."""

from operator import ge, gt, le, lt, ne
from typing import Literal, get_args

from sigma.types import SigmaTimestampPart

from engine.sigma.documents import Refused
from engine.sigma.logic import any_of
from engine.sigma.model import Node, TimePart

_Part = Literal["minute", "hour", "day", "week", "month", "year"]
_PARTS: dict[str, _Part] = {name: name for name in get_args(_Part)}
_RANGES = {
    "minute": range(60),
    "hour": range(24),
    "day": range(1, 32),
    "week": range(1, 54),
    "month": range(1, 13),
    "year": range(1, 10_000),
}
_HOLDS = {"lt": lt, "lte": le, "gt": gt, "gte": ge, "neq": ne}


def time_part(field: str, value: SigmaTimestampPart, op: str = "") -> Node:
    """That the part is `value`, or compares so: then it is one of the values of the part that do. Raises Refused."""
    part = _PARTS[value.timestamp_part.name.lower()]
    number, valid = int(value.number), _RANGES[part]
    if number not in valid:
        raise Refused(f"expected {part} to be from {valid[0]} to {valid[-1]}, got {number}")
    if not op:
        return TimePart(field, part, number)
    if part == "year":
        raise Refused("a year can be named, but not compared")
    return any_of(TimePart(field, part, each) for each in valid if _HOLDS[op](each, number))
