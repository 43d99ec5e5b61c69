"""Tests of one value that is no pattern: numbers, expressions, networks, other fields, whether it is there at all."""

import operator
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

from engine.sigma import relations, values
from engine.sigma.fields import MISSING, items
from engine.sigma.model import Cidr, Compare, Exists, Null, Number, SameAs, TimePart
from engine.sigma.moments import moment
from engine.sigma.relations import Related
from engine.sigma.seen import Seen, Test

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "neq": operator.ne,
}
_RELATIONS: dict[str, Related] = {
    "equals": relations.equals,
    "startswith": relations.startswith,
    "endswith": relations.endswith,
    "contains": relations.contains,
}


def number(node: Number) -> Test:
    field, value = node.field, node.value
    return lambda seen: value in seen.numbers[field].each


def compare(node: Compare) -> Test:
    """If any of several numbers compares so, the least or the greatest does."""
    field, value, holds = node.field, node.value, _COMPARISONS[node.op]

    def test(seen: Seen) -> bool:
        found = seen.numbers[field]
        return bool(found.each) and (holds(found.low, value) or holds(found.high, value))

    return test


def cidr(node: Cidr) -> Test:
    """Bits beyond the prefix of a network are no matter; an address of another version is not in it."""
    field, network = node.field, ip_network(node.network, strict=False)
    return lambda seen: any(found in network for found in map(values.address, seen.cased[field]) if found is not None)


def same_as(node: SameAs) -> Test:
    """Of two lists, some item has the relation to some item."""
    field, other, related, cased = node.field, node.other, _RELATIONS[node.how], node.cased

    def test(seen: Seen) -> bool:
        texts = seen.cased if cased else seen.lowered
        return related(texts[field], texts[other])

    return test


def exists(node: Exists) -> Test:
    field, present = node.field, node.present
    return lambda seen: (seen.raw[field] is not MISSING) is present


def null(node: Null) -> Test:
    """A list that is empty is not null; one that holds null is."""
    field = node.field

    def test(seen: Seen) -> bool:
        value = seen.raw[field]
        return value is MISSING or None in items(value)

    return test


def time_part(node: TimePart) -> Test:
    field, part, value = node.field, node.part, node.value

    def test(seen: Seen) -> bool:
        moments = map(moment, items(seen.raw[field]))
        return any(getattr(found, part) == value for found in moments if found is not None)

    return test
