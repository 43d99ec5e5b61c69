"""What an event must hold for a condition to be true of it: of all such sets, the one that is seen least often.

An event that holds none of a condition's triggers cannot fulfil it, so the condition is not even looked at. All of
`and` are needed, so the rarest part will do; of `or` every part must bring its own; `not` is pushed to the leaves,
where nothing follows from it.
"""

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from engine.sigma import expressions, globs
from engine.sigma.expressions import All, Lit, Some
from engine.sigma.model import And, Keyword, Node, Not, Number, Or, Pattern, Regexp, Text
from engine.sigma.rarity import NUMBER, frequency
from engine.sigma.seen import ANYWHERE


class Trigger(NamedTuple):
    """The field holds the literal, in lower case, or is the number."""

    field: str
    value: str | int | float
    at_start: bool = False
    at_end: bool = False


class Need(NamedTuple):
    """One of the triggers is there whenever the condition is true. Guessed is the `frequency` of events that hold one,
    and that of the trigger that most hold.
    """

    frequency: float
    most: float
    triggers: tuple[Trigger, ...]


def need(node: Node, without: Container[str] = (), negated: bool = False) -> Need | None:
    """None: nothing is known to be needed. Fields that are to do `without` are not looked at."""
    match node:
        case Not(of):
            return need(of, without, not negated)
        case And(of) | Or(of):
            found = [need(part, without, negated) for part in of]
            return _rarest(found) if isinstance(node, Or) is negated else _each(found)
    return None if negated else _of_leaf(node, without)


def _of_leaf(node: Node, without: Container[str]) -> Need | None:
    match node:
        case Text(field, pattern, cased) if field not in without:
            return _of_pattern(field, pattern, cased)
        case Keyword(pattern, cased) if ANYWHERE not in without:
            return _of_pattern(ANYWHERE, globs.anywhere(pattern), cased)
        case Number(field, value) if field not in without:
            return Need(NUMBER, NUMBER, (Trigger(field, value),))
        case Regexp(field, expression) if field not in without:
            return _of_expression(field, expressions.needs(expression))
    return None


def _rarest(needs: Iterable[Need | None]) -> Need | None:
    best: Need | None = None
    for each in needs:
        if each is not None and (best is None or each.frequency < best.frequency):
            best = each
    return best


def _each(needs: Sequence[Need | None]) -> Need | None:
    known = [need for need in needs if need is not None]
    if len(known) < len(needs):
        return None
    frequency = sum([need.frequency for need in known])
    most = max([need.most for need in known], default=0.0)
    return Need(frequency, most, tuple([trigger for need in known for trigger in need.triggers]))


def _of_pattern(field: str, pattern: Pattern, cased: bool) -> Need | None:
    end = len(pattern) - 1
    if end <= 0:
        return _of_piece(field, pattern[0] if pattern else "", cased, True, True)
    if end == 1:  # most are of one literal with something before or after it
        first, last = pattern
        if isinstance(first, int) or isinstance(last, int):
            piece = first if isinstance(last, int) else last
            return _of_piece(field, piece, cased, piece is first, piece is last)
    return _rarest([_of_piece(field, piece, cased, at == 0, at == end) for at, piece in enumerate(pattern)])


def _of_piece(field: str, piece: str | int, cased: bool, at_start: bool, at_end: bool) -> Need | None:
    """Of a literal in lower case: whole or, where case matters, without what changes with its neighbours."""
    if isinstance(piece, int):
        return None
    if not cased or piece.isascii():
        return _literal(field, piece.lower(), at_start, at_end)
    parts = expressions.SIGMAS.split(piece)
    last = len(parts) - 1
    return _rarest(
        [_literal(field, part.lower(), at_start and at == 0, at_end and at == last) for at, part in enumerate(parts)]
    )


def _literal(field: str, literal: str, at_start: bool, at_end: bool) -> Need | None:
    if not literal and not (at_start and at_end):
        return None
    guess = frequency(literal, at_start, at_end)
    return Need(guess, guess, (Trigger(field, literal, at_start, at_end),))


def _of_expression(field: str, needs: expressions.Needs) -> Need | None:
    match needs:
        case Lit(text):
            return _literal(field, text, False, False)
        case All(of):
            return _rarest([_of_expression(field, part) for part in of])
        case Some(of):
            return _each([_of_expression(field, part) for part in of])
