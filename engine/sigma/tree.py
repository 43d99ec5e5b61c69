"""Rules that are looked at together, as a tree of what they ask: what many ask is asked once, and first.

A rule is the way from the root to a branch; where a branch does not hold, nothing behind it is looked at. What is known
of an event is kept by test, so that it is asked once whatever trees it stands in.
"""

from collections.abc import Sequence
from typing import NamedTuple

from engine.sigma.conditions import Compiled, all_of, compile_condition, parts_of
from engine.sigma.model import And, Node
from engine.sigma.plan import Planned
from engine.sigma.seen import Seen, Test

_DEEPEST = 8
"""Branches behind each other; what a rule asks beyond is one."""


class Branch(NamedTuple):
    """A test, the rules that are true if it holds, and what is to be asked then. `key` stands for the test."""

    key: int
    test: Test
    rules: tuple[int, ...]
    behind: "tuple[Branch, ...]"


Branches = tuple[Branch, ...]


def climb(branches: Branches, seen: Seen, known: dict[int, bool], matched: set[int]) -> None:
    """Add to `matched` the rules that are true, and to `known` what was asked."""
    rest = [branches]
    while rest:
        for key, test, rules, behind in rest.pop():
            holds = known.get(key)
            if holds is None:
                holds = known[key] = test(seen)
            if holds:
                matched.update(rules)
                if behind:
                    rest.append(behind)


class _Way(NamedTuple):
    """A rule, and what is yet to be asked for it, in order."""

    rule: int
    parts: tuple[Node, ...]


class Grove:
    """Makes trees whose tests are known by one key wherever they stand."""

    def __init__(self) -> None:
        self._keys: dict[Node, int] = {}
        self._compiled: dict[Node, Compiled] = {}

    def grow(self, rules: Sequence[Planned]) -> Branches:
        shared: dict[Node, int] = {}
        parts = [dict.fromkeys(parts_of(planned.node)) for planned in rules]
        for each in parts:
            for part in each:
                shared[part] = shared.get(part, 0) + 1
        ways = []
        for planned, each in zip(rules, parts, strict=True):
            order = sorted(each, key=lambda part: (part is planned.part, -shared[part], self._known(part).rank))
            ways.append(_Way(planned.rule, tuple(order)))
        return self._branches(ways, 0)

    def _branches(self, ways: Sequence[_Way], depth: int) -> Branches:
        by_first: dict[Node, list[_Way]] = {}
        for way in ways:
            first = way.parts[0] if depth < _DEEPEST or len(way.parts) == 1 else And(way.parts)
            by_first.setdefault(first, []).append(way)
        return tuple(self._branch(first, behind, depth) for first, behind in by_first.items())

    def _branch(self, first: Node, ways: Sequence[_Way], depth: int) -> Branch:
        if len(ways) == 1:
            return self._leaf(ways[0])
        done = tuple(way.rule for way in ways if len(way.parts) == 1 or depth == _DEEPEST)
        rest = [_Way(way.rule, way.parts[1:]) for way in ways if len(way.parts) > 1 and depth < _DEEPEST]
        return Branch(self._key(first), self._known(first).test, done, self._branches(rest, depth + 1) if rest else ())

    def _leaf(self, way: _Way) -> Branch:
        """All that is yet to be asked for one rule."""
        test = all_of([self._known(part).test for part in way.parts])
        return Branch(self._key(And(way.parts) if len(way.parts) > 1 else way.parts[0]), test, (way.rule,), ())

    def _key(self, node: Node) -> int:
        return self._keys.setdefault(node, len(self._keys))

    def _known(self, node: Node) -> Compiled:
        found = self._compiled.get(node)
        if found is None:
            found = self._compiled[node] = compile_condition(node)
        return found
