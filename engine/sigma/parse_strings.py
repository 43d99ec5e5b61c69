"""Texts of Sigma rules, with their wildcards and placeholders, as patterns."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod

from sigma.types import Placeholder, SigmaString, SpecialChars

from engine.sigma.documents import Refused
from engine.sigma.model import MANY, ONE, Pattern

MOST_EXPANSIONS = 10_000
"""Texts that one text with placeholders may come to stand for."""

Parts = Sequence[str | SpecialChars]
Piece = str | SpecialChars | Placeholder
AsParts = Callable[[str], Parts]
"""What a value comes to where it stands in the place of a placeholder."""


def parts_of(value: str) -> Parts:
    """As pySigma has it, a value may hold wildcards."""
    return [part for part in SigmaString(value).s if not isinstance(part, Placeholder)]


def quoted(value: str) -> Parts:
    """The same within a regular expression, where it is no expression of its own."""
    return [as_regexp(pattern(parts_of(value)))]


class Placeholders:
    """The values of placeholders, and which of those asked for have none."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values
        self.waiting: dict[str, None] = {}

    def filled(self, pieces: Sequence[Piece], value: AsParts) -> Iterator[Parts]:
        """The text once for every choice of values; not at all where a placeholder has none. Raises Refused."""
        plain = [piece for piece in pieces if not isinstance(piece, Placeholder)]
        if len(plain) == len(pieces):
            yield plain
            return
        choices = [self._choices(piece, value) for piece in pieces]
        if (count := prod(map(len, choices))) > MOST_EXPANSIONS:
            raise Refused(f"its placeholders stand for {count} values together; the most is {MOST_EXPANSIONS}")
        for chosen in product(*choices):
            yield [part for parts in chosen for part in parts]

    def _choices(self, piece: Piece, value: AsParts) -> list[Parts]:
        if not isinstance(piece, Placeholder):
            return [[piece]]
        values = self._values.get(piece.name, ())
        if not values:
            self.waiting[piece.name] = None
        return [value(each) for each in values]


def waits_for(names: Iterable[str]) -> str:
    """What its user is told of a rule whose placeholders have no values."""
    listed = ", ".join(f"%{name}%" for name in names)
    return f"waits for values of {listed}; until then it matches only what it would whatever they are"


def pattern(parts: Parts) -> Pattern:
    found: list[str | int] = []
    for part in parts:
        last = found[-1] if found else None
        if isinstance(part, str):
            if isinstance(last, str):
                found[-1] = last + part
            elif part:
                found.append(part)
        elif part is SpecialChars.WILDCARD_SINGLE:
            found.append(ONE)
        elif last != MANY:
            found.append(MANY)
    return tuple(found)


def inner(whole: Pattern) -> Pattern:
    """What of a pattern is left to look for where it may lie anywhere."""
    start, end = 0, len(whole)
    while start < end and whole[start] == MANY:
        start += 1
    while end > start and whole[end - 1] == MANY:
        end -= 1
    return whole[start:end]


def as_regexp(whole: Pattern) -> str:
    """The same as a regular expression, to be used with the flag `s`."""
    wildcards = {MANY: ".*", ONE: "."}
    return "".join(re.escape(part) if isinstance(part, str) else wildcards[part] for part in whole)


def regexp_text(parts: Parts) -> str:
    """A regular expression, whose `*` and `?` pySigma took for wildcards, as it was written."""
    signs = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}
    return "".join(part if isinstance(part, str) else signs[part] for part in parts)
