"""Correlations as docs/correlations.md says them, recomputed from all that was ever told: the oracle for the real ones.

One group, no bounds, and nothing kept between two occurrences but the list of them.
"""

import operator
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any, NamedTuple

from engine.sigma.model import And, Correlation, Node, Not, Or, Text

OPERATORS: dict[str, Any] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
    "neq": operator.ne,
}


class Told(NamedTuple):
    """An occurrence: `event` tells which are of one event."""

    time_ms: int
    rule: str
    value: Any
    event: int


def first_that_holds(says: Correlation, told: Sequence[Told]) -> tuple[int, float] | None:
    """End and value of the first window that holds among those that contain the newest of what was told."""
    newest = told[-1]
    for end_ms in sorted({each.time_ms for each in told}):
        if newest.time_ms <= end_ms < newest.time_ms + says.timespan_ms:
            value = measured(says, window(says, told, end_ms))
            if value is not None and holds(says, value):
                return end_ms, value
    return None


def window(says: Correlation, told: Sequence[Told], end_ms: int) -> list[Told]:
    """In order of their times, and as they came."""
    inside = [each for each in told if end_ms - says.timespan_ms < each.time_ms <= end_ms]
    return sorted(inside, key=lambda each: each.time_ms)


def holds(says: Correlation, value: float) -> bool:
    return all(OPERATORS[each.op](value, each.value) for each in says.thresholds)


def measured(says: Correlation, inside: Sequence[Told]) -> float | None:
    """The value of a window; None of an empty one, and of one whose condition over rules does not hold."""
    if not inside:
        return None
    values = [each.value for each in inside]
    match says.type:
        case "event_count":
            return len(inside)
        case "value_count":
            return len(set(values))
        case "value_sum":
            return float(sum(map(Fraction, values)))
        case "value_avg":
            return float(sum(map(Fraction, values)) / len(values))
        case "value_median":
            ranked = sorted(values)
            low, high = ranked[(len(ranked) - 1) // 2], ranked[len(ranked) // 2]
            return low + (high - low) * 0.5 if low != high else float(low)
        case "temporal":
            rules = {each.rule for each in inside}
            return len(rules) if says.nested is None or true(says.nested, rules) else None
        case "temporal_ordered":
            return ordered(says, inside)
    raise AssertionError(says.type)


def ordered(says: Correlation, inside: Sequence[Told]) -> float | None:
    """How many rules occur in order; with a condition, how many of the most that satisfy it together."""
    counts = range(len(says.rules), 0, -1)
    chosen = [rules for count in counts for rules in combinations(says.rules, count) if in_order(rules, inside)]
    if says.nested is None:
        return len(chosen[0])
    there = {each.rule for each in inside}
    for rules in chosen:
        if any(
            set(rules) == wanted and not without & there for wanted, without in alternatives(says.nested, says.rules)
        ):
            return len(rules)
    return None


def alternatives(node: Node, rules: Sequence[str]) -> list[tuple[set[str], set[str]]]:
    """The rules that a condition needs, and those that it excludes, each way of a condition without double negation."""
    match node:
        case Text(pattern=(str(rule),)):
            return [({rule}, set())]
        case Not(of=Text(pattern=(str(rule),))):
            return [(set(), {rule})]
        case Or():
            return [each for part in node.of for each in alternatives(part, rules)]
        case And():
            found: list[tuple[set[str], set[str]]] = [(set(), set())]
            for part in node.of:
                found = [(a | c, b | d) for a, b in found for c, d in alternatives(part, rules)]
            return found
    raise AssertionError(node)


def in_order(rules: Sequence[str], inside: Sequence[Told]) -> bool:
    """Whether they occur one after the other, each by another event."""
    if not rules:
        return True
    first, *rest = rules
    for place, each in enumerate(inside):
        if each.rule == first:
            later = [other for other in inside[place + 1 :] if other.event != each.event]
            return in_order(rest, later)
    return False


def true(node: Node, rules: set[str]) -> bool:
    match node:
        case Text(pattern=(str(rule),)):
            return rule in rules
        case Not():
            return not true(node.of, rules)
        case And():
            return all(true(each, rules) for each in node.of)
        case Or():
            return any(true(each, rules) for each in node.of)
    raise AssertionError(node)
