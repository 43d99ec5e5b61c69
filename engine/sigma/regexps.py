"""Tests by regular expressions, each only of texts that hold the literals without which it is not found."""

from collections.abc import Callable, Sequence

from engine.sigma import expressions, globs
from engine.sigma.expressions import All, Lit, Needs
from engine.sigma.seen import Seen, Test
from schemas.regexp import Regexp, compile_regexp

_Holds = Callable[[str], bool]


def one_of(field: str, written: Sequence[str]) -> Test:
    """One of the expressions is found. A dot matches no newline, as in Sigma, unless the expression says so."""
    quick: list[tuple[_Holds, Regexp]] = []
    slow: list[str] = []
    for expression in written:
        if (holds := _holds(expressions.needs(expression))) is None:
            slow.append(expression)
        else:
            quick.append((holds, _compiled(expression)))
    joined = _joined(slow)

    def test(seen: Seen) -> bool:
        for text, lowered in zip(seen.cased[field], seen.lowered[field], strict=True):
            for holds, expression in quick:
                if (holds(lowered) or not text.isascii()) and globs.finds(expression, text):
                    return True
            for expression in joined:
                if globs.finds(expression, text):
                    return True
        return False

    return test


def _holds(needs: Needs) -> _Holds | None:
    """Whether a text in lower case holds what is needed. Beyond ASCII it may hold it in other letters."""
    match needs:
        case Lit(literal):
            return lambda text: literal in text
        case All(of):
            found = [(_length(part), holds) for part in of if (holds := _holds(part)) is not None]
            return max(found, key=lambda item: item[0])[1] if found else None
    each = [_holds(part) for part in needs.of]
    known = [holds for holds in each if holds is not None]
    return (lambda text: any(holds(text) for holds in known)) if len(known) == len(each) else None


def _length(needs: Needs) -> int:
    """Of the shortest literal that must do."""
    match needs:
        case Lit(literal):
            return len(literal)
        case All(of):
            return max(map(_length, of), default=0)
    return min(map(_length, needs.of))


def _joined(written: Sequence[str]) -> list[Regexp]:
    """All as one where that is not too large for RE2."""
    if len(written) > 1:
        try:
            return [_compiled("|".join(f"(?:{expression})" for expression in written))]
        except ValueError:
            pass
    return [_compiled(expression) for expression in written]


def _compiled(expression: str) -> Regexp:
    return compile_regexp(expression, dot_all=False)
