"""The rules of one log source as one: what they need is sought at once, and the few that find it are looked at."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from engine.sigma.haystack import Haystack
from engine.sigma.model import Node
from engine.sigma.needs import Trigger
from engine.sigma.plan import Planned, plan
from engine.sigma.seen import Seen
from engine.sigma.tree import Branches, Grove, climb

Rules = tuple[int, ...]
Find = Callable[..., list[tuple[int, int, int]]]


class Program:
    """Of rules, each a number and its condition."""

    def __init__(self, rules: Sequence[tuple[int, Node]]) -> None:
        self._plan = {planned.rule: planned for planned in plan(rules)}
        self._grove = Grove()
        self._always = _Asked(tuple(rule for rule, planned in self._plan.items() if planned.need is None))
        literals, numbers = _by_trigger(tuple(self._plan.values()))
        self._haystack = Haystack(dict.fromkeys(trigger.field for trigger in literals))
        needles: dict[bytes, list[int]] = {}
        for trigger, found in literals.items():
            needles.setdefault(self._haystack.needle(trigger), []).extend(found)
        for_rules: dict[Rules, _Asked] = {}  # most rules have many needles
        self._by_needle = [for_rules.setdefault(rules, _Asked(rules)) for rules in map(tuple, needles.values())]
        self._find = _finder(tuple(needles))
        self._by_number = {
            field: {number: _Asked(tuple(found)) for number, found in by_number.items()}
            for field, by_number in numbers.items()
        }

    def match(self, data: Mapping[str, Any], seen: Seen) -> set[int]:
        """The rules whose conditions hold."""
        matched: set[int] = set()
        known: dict[int, bool] = {}
        for asked in self._asked(data, seen):
            branches = asked.branches
            if branches is None:
                branches = self._grown(asked)
            climb(branches, seen, known, matched)
        return matched

    def _asked(self, data: Mapping[str, Any], seen: Seen) -> list["_Asked"]:
        """The rules that are to be looked at."""
        found = [self._always]
        if self._find is not None:
            hits = self._find(self._haystack.of(data, seen), overlapping=True)
            if hits:
                by_needle = self._by_needle
                found += {by_needle[hit[0]] for hit in hits}
        for field, by_number in self._by_number.items():
            for number in seen.numbers[field].each:
                if (asked := by_number.get(number)) is not None:
                    found.append(asked)
        return found

    def _grown(self, asked: "_Asked") -> Branches:
        """Compiled when the rules are first looked at, which most never are."""
        asked.branches = self._grove.grow([self._plan[rule] for rule in asked.rules])
        return asked.branches


class _Asked:
    """Rules that are looked at for the same reason."""

    __slots__ = ("branches", "rules")

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.branches: Branches | None = None


def _by_trigger(planned: Sequence[Planned]) -> tuple[dict[Trigger, list[int]], dict[str, dict[int | float, list[int]]]]:
    """The rules by literal, and by field and number."""
    literals: dict[Trigger, list[int]] = {}
    numbers: dict[str, dict[int | float, list[int]]] = {}
    for rule, _, need, _ in planned:
        for trigger in need.triggers if need else ():
            if isinstance(trigger.value, str):
                literals.setdefault(trigger, []).append(rule)
            else:
                numbers.setdefault(trigger.field, {}).setdefault(trigger.value, []).append(rule)
    return literals, numbers


def _finder(needles: Sequence[bytes]) -> Find | None:
    return BytesAhoCorasick(needles, matchkind=MatchKind.Standard).find_matches_as_indexes if needles else None
