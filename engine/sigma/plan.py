"""What of each rule is sought in an event: its triggers, in as few fields as will do."""

from collections.abc import Container, Sequence
from typing import NamedTuple

from engine.sigma.conditions import parts_of
from engine.sigma.model import Node
from engine.sigma.needs import Need, need
from engine.sigma.seen import ANYWHERE

_ALWAYS = 1.0
"""What is seen as often as this is not sought."""
_FIELD, _ALL_FIELDS = 0.3, 5.0
"""To search one more field, or all, costs as much as to look at so many rules for each event."""

_FEW = 20
"""Rules that have a field searched; for more it is not asked whether they could do without."""


class Planned(NamedTuple):
    """A rule. `need` is None for one that is to be looked at whatever the event holds; `part`: of its condition, where
    that is parts that must all hold, the one that the need is of.
    """

    rule: int
    node: Node
    need: Need | None
    part: Node | None


def plan(rules: Sequence[tuple[int, Node]]) -> list[Planned]:
    """For each rule, in order, what is sought: what is rarest, but for fields that few rules would have searched."""
    planned = [_planned(rule, node, ()) for rule, node in rules]
    without: set[str] = set()
    for field, users in sorted(_users(planned).items(), key=lambda item: len(item[1])):
        if len(users) > _FEW:
            break
        others = {place: _planned(planned[place].rule, planned[place].node, without | {field}) for place in users}
        more = sum(_cost(other, field) - _cost(planned[place], field) for place, other in others.items())
        if more < (_FIELD if field != ANYWHERE else _ALL_FIELDS):
            without.add(field)
            for place, other in others.items():
                planned[place] = other
    return planned


def _planned(rule: int, node: Node, without: Container[str]) -> Planned:
    """What is needed of a rule, and which part needs it."""
    found: tuple[Need, Node] | None = None
    for part in parts_of(node):
        needed = need(part, without)
        if needed is not None and needed.most < _ALWAYS and (found is None or needed.frequency < found[0].frequency):
            found = needed, part
    return Planned(rule, node, *(found or (None, None)))


def _users(planned: Sequence[Planned]) -> dict[str, list[int]]:
    """Field → the places of the rules that would have it searched."""
    users: dict[str, list[int]] = {}
    for place, (_, _, needed, _) in enumerate(planned):
        for field in dict.fromkeys([trigger.field for trigger in needed.triggers] if needed else ()):
            users.setdefault(field, []).append(place)
    return users


def _cost(planned: Planned, field: str) -> float:
    """Of how many events, or so, the rule is to be looked at. One that wants all values looks at them each time."""
    cost = min(planned.need.frequency, 1.0) if planned.need else 1.0
    return cost if field != ANYWHERE else cost * 10
