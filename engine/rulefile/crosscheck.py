"""What takes more than one rule to see: names used twice."""

from collections.abc import Iterator, Sequence

from engine.rulefile.errors import RuleError
from engine.rulefile.structure import Found, FoundGroup
from schemas.rulefile import LadderRule, Rule
from schemas.scalefile import ScaleRule
from schemas.wording import shown


def repeated_groups(groups: Sequence[FoundGroup]) -> Iterator[RuleError]:
    """Group names used twice in one file."""
    first: dict[tuple[str, str], FoundGroup] = {}
    for group in groups:
        place, name = group.header.place, group.header.name
        if name and (earlier := first.setdefault((place.path, name), group)) is not group:
            line = earlier.header.place.node.mark.line
            yield place.error(("name",), f"{shown(name)} is used twice in this file; the first is on line {line}")


def repeated_ladders(groups: Sequence[FoundGroup]) -> Iterator[RuleError]:
    """Names of rules that act used twice: commands are identified by them, so they are unique in all files."""
    first: dict[str, Found[Rule]] = {}
    for rule in (rule for group in groups for rule in group.rules):
        if (
            isinstance(rule.model, LadderRule | ScaleRule)
            and (earlier := first.setdefault(rule.name, rule)) is not rule
        ):
            before = f"{earlier.place.path}:{earlier.place.node.mark.line}"
            yield rule.place.error((rule.kind,), f"the name {shown(rule.name)} is used twice; the first is at {before}")
