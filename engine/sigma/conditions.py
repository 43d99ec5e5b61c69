"""Conditions as functions of an event that look at as little as they can: cheap parts first, no further than needed.

Patterns of one field that are alternatives become one test. Nothing is decided by the order of the parts, only time.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from engine.sigma import globs, leaves, regexps, texttests
from engine.sigma.model import (
    And,
    Cidr,
    Compare,
    Exists,
    Keyword,
    Node,
    Not,
    Null,
    Number,
    Or,
    Pattern,
    Regexp,
    SameAs,
    Text,
    TimePart,
)
from engine.sigma.needs import need
from engine.sigma.seen import ANYWHERE, Seen, Test

_LEAVES: dict[type, tuple[float, Callable[[Any], Test]]] = {
    Number: (3, leaves.number),
    Compare: (4, leaves.compare),
    Cidr: (10, leaves.cidr),
    SameAs: (4, leaves.same_as),
    Exists: (1, leaves.exists),
    Null: (1, leaves.null),
    TimePart: (15, leaves.time_part),
}
_TEXT, _KEYWORD, _EACH_PATTERN, _EXPRESSION = 1.0, 20.0, 0.2, 8.0
"""What tests cost, next to each other."""
_MOSTLY = 0.7
"""How often a test is true of which nothing is known."""

Costed = tuple[float, Test]


class Compiled(NamedTuple):
    """A test; the lower its rank, the better it is to begin with: it costs little, and is seldom true."""

    rank: float
    test: Test


def compile_condition(node: Node) -> Compiled:
    cost, test = _compiled(node)
    return Compiled(_rank(node, cost), test)


def parts_of(node: Node) -> tuple[Node, ...]:
    """What must all hold for the condition to be true: at least one part."""
    if isinstance(node, And) and node.of:
        return tuple(part for each in node.of for part in parts_of(each))
    return (node,)


def _compiled(node: Node) -> Costed:
    match node:
        case And(of):
            parts = [_compiled(part) for part in of]
            return _sum(parts), all_of(_in_turn(of, parts))
        case Or(of):
            parts = sorted([*_bundles(of), *(_compiled(part) for part in of if not _bundled(part))], key=_cost)
            return _sum(parts), _any([test for _, test in parts])
        case Not(of):
            cost, test = _compiled(of)
            return cost, lambda seen: not test(seen)
        case Text() | Keyword() | Regexp():
            return _bundles([node])[0]
    cost, make = _LEAVES[type(node)]
    return cost, make(node)


def _in_turn(parts: Sequence[Node], compiled: Sequence[Costed]) -> list[Test]:
    ranked = [(_rank(part, cost), test) for part, (cost, test) in zip(parts, compiled, strict=True)]
    return [test for _, test in sorted(ranked, key=_cost)]


def _rank(node: Node, cost: float) -> float:
    needed = need(node)
    return cost / (1 - (min(needed.frequency, _MOSTLY) if needed else _MOSTLY))


def _bundles(parts: Sequence[Node]) -> list[Costed]:
    """Of the parts that are patterns or expressions, one test for each field that is looked at in the same way."""
    patterns: dict[tuple[str, bool], list[Pattern]] = {}
    expressions: dict[str, list[str]] = {}
    for part in parts:
        match part:
            case Text(field, pattern, cased):
                patterns.setdefault((field, cased), []).append(pattern)
            case Keyword(pattern, cased):
                patterns.setdefault((ANYWHERE, cased), []).append(globs.anywhere(pattern))
            case Regexp(field, expression):
                expressions.setdefault(field, []).append(expression)
    found = [_text(field, cased, of) for (field, cased), of in patterns.items()]
    return found + [(_EXPRESSION * len(of), regexps.one_of(field, of)) for field, of in expressions.items()]


def _text(field: str, cased: bool, patterns: Sequence[Pattern]) -> Costed:
    cost = _KEYWORD if field == ANYWHERE else _TEXT
    return cost + _EACH_PATTERN * len(patterns), texttests.one_of(field, patterns, cased=cased)


def _bundled(node: Node) -> bool:
    return isinstance(node, Text | Keyword | Regexp)


def _cost(costed: Costed) -> float:
    return costed[0]


def _sum(parts: Sequence[Costed]) -> float:
    return sum(cost for cost, _ in parts)


def all_of(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        one, two = tests
        return lambda seen: one(seen) and two(seen)

    def test(seen: Seen) -> bool:
        for part in tests:
            if not part(seen):
                return False
        return True

    return test


def _any(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def test(seen: Seen) -> bool:
        for part in tests:
            if part(seen):
                return True
        return False

    return test
