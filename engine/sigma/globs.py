"""Patterns over text: literal pieces with wildcards, as tests that take time linear in the text.

Whoever wants case not to matter lowers both sides before.
"""

from collections.abc import Callable

from engine.sigma.model import MANY, Pattern
from schemas.regexp import Regexp, compile_regexp

Test = Callable[[str], bool]


def lowered(pattern: Pattern) -> Pattern:
    return tuple(piece.lower() if isinstance(piece, str) else piece for piece in pattern)


def anywhere(pattern: Pattern) -> Pattern:
    """The pattern that fits where this one fits somewhere."""
    return tuple(_without_repeats((MANY, *pattern, MANY)))


def literal(pattern: Pattern) -> tuple[str, bool, bool] | None:
    """Of a pattern that is one literal but for `MANY` around it: the literal, and whether it is at start and end."""
    first, last = pattern[:1] != (MANY,), len(pattern) < 2 or pattern[-1] != MANY
    inner = pattern[not first : len(pattern) - (not last)]
    if len(inner) > 1 or not all(isinstance(piece, str) for piece in inner):
        return None
    return "".join(map(str, inner)), first, last


def compile_glob(pattern: Pattern) -> Test:
    """Whether a whole text fits."""
    pieces = _between_many(pattern)
    if any(isinstance(piece, int) for run in pieces for piece in run):
        return _searching(_expression(pattern))
    return _in_order(["".join(map(str, run)) for run in pieces])


def finds(expression: Regexp, text: str) -> bool:
    """Whether the expression is found; what is no Unicode (half a surrogate pair) reads as a question mark."""
    try:
        return expression.occurs(text)
    except UnicodeEncodeError:
        return expression.occurs(text.encode("utf-8", "replace").decode())


def _without_repeats(pattern: Pattern) -> list[str | int]:
    return [piece for at, piece in enumerate(pattern) if piece != MANY or not at or pattern[at - 1] != MANY]


def _between_many(pattern: Pattern) -> list[list[str | int]]:
    runs: list[list[str | int]] = [[]]
    for piece in pattern:
        if piece == MANY:
            runs.append([])
        else:
            runs[-1].append(piece)
    return runs


def _in_order(literals: list[str]) -> Test:
    """The first at the start, the last at the end, each other as early as it can be."""
    first, *middle = literals
    if not middle:
        return first.__eq__
    last = middle.pop()

    def test(text: str) -> bool:
        if not (text.startswith(first) and text.endswith(last)):
            return False
        at, end = len(first), len(text) - len(last)
        for literal in middle:
            found = text.find(literal, at, end)
            if found < 0:
                return False
            at = found + len(literal)
        return at <= end

    return test


def _searching(expression: str) -> Test:
    compiled = compile_regexp(expression)
    return lambda text: finds(compiled, text)


def _expression(pattern: Pattern) -> str:
    written = (_quoted(piece) if isinstance(piece, str) else ".*" if piece == MANY else "." for piece in pattern)
    return rf"\A(?:{''.join(written)})\z"


def _quoted(literal: str) -> str:
    return "".join(sign if sign.isalnum() else rf"\x{{{ord(sign):x}}}" for sign in literal)
