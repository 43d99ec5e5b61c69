"""Tests of text, each for many patterns of one field at once: one of them fits one of the field's texts."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from engine.sigma import globs
from engine.sigma.model import Pattern
from engine.sigma.seen import Seen, Test

_MANY = 12
"""So many literals are sought faster all at once than one after the other."""

ManyTest = Callable[[str], bool]


class _Kinds(NamedTuple):
    """Literals by where they are to be, and patterns of several pieces."""

    equal: list[str]
    starts: list[str]
    ends: list[str]
    inside: list[str]
    others: list[Pattern]


def one_of(field: str, patterns: Sequence[Pattern], *, cased: bool) -> Test:
    """One of the patterns fits."""
    kinds = _kinds(patterns if cased else [globs.lowered(pattern) for pattern in patterns])
    if not cased and (direct := _direct(field, kinds)) is not None:
        return direct
    tests = _tests(kinds)
    fits = tests[0] if len(tests) == 1 else _either(tests)
    return _cased(field, fits) if cased else _lowered(field, fits)


def _cased(field: str, fits: ManyTest) -> Test:
    def test(seen: Seen) -> bool:
        for text in seen.cased[field]:
            if fits(text):
                return True
        return False

    return test


def _lowered(field: str, fits: ManyTest) -> Test:
    def test(seen: Seen) -> bool:
        for text in seen.lowered[field]:
            if fits(text):
                return True
        return False

    return test


def _direct(field: str, kinds: _Kinds) -> Test | None:
    """As `_lowered`, without a call for each text, for what most rules ask: all at the end, one somewhere."""
    ends = tuple(kinds.ends)
    only = kinds.inside[0] if len(kinds.inside) == 1 else ""

    def at_end(seen: Seen) -> bool:
        for text in seen.lowered[field]:
            if text.endswith(ends):
                return True
        return False

    def inside(seen: Seen) -> bool:
        for text in seen.lowered[field]:
            if only in text:
                return True
        return False

    if not (kinds.equal or kinds.starts or kinds.others):
        if ends and not kinds.inside:
            return at_end
        if only and not ends:
            return inside
    return None


def _kinds(patterns: Sequence[Pattern]) -> _Kinds:
    found = _Kinds([], [], [], [], [])
    for pattern in patterns:
        match globs.literal(pattern):
            case None:
                found.others.append(pattern)
            case literal, True, True:
                found.equal.append(literal)
            case literal, True, False:
                found.starts.append(literal)
            case literal, False, True:
                found.ends.append(literal)
            case literal, _, _:
                found.inside.append(literal)
    return found


def _tests(kinds: _Kinds) -> list[ManyTest]:
    """From the cheap ones to the costly."""
    equal, starts, ends = frozenset(kinds.equal), tuple(kinds.starts), tuple(kinds.ends)
    tests: list[ManyTest] = [equal.__contains__] if equal else []
    if starts:
        tests.append(lambda text: text.startswith(starts))
    if ends:
        tests.append(lambda text: text.endswith(ends))
    return tests + _inside(kinds.inside, kinds.others)


def _inside(literals: list[str], others: list[Pattern]) -> list[ManyTest]:
    """Of literals that may be anywhere, and patterns of several pieces."""
    globbed = [globs.compile_glob(pattern) for pattern in others]
    keys = [max((piece for piece in pattern if isinstance(piece, str)), key=len, default="") for pattern in others]
    if len(literals) + len(others) >= _MANY and all(keys) and all(literals):
        return [_at_once(literals, keys, globbed)]
    if len(literals) == 1:
        (only,) = literals
        return [lambda text: only in text, *globbed]
    return [_one_after_the_other(literals), *globbed] if literals else globbed


def _one_after_the_other(literals: list[str]) -> ManyTest:
    def test(text: str) -> bool:
        for literal in literals:
            if literal in text:
                return True
        return False

    return test


def _at_once(literals: list[str], keys: list[str], globbed: list[ManyTest]) -> ManyTest:
    """`keys`: of each pattern of several pieces, one; only if one of them is there, these are looked at."""
    find = AhoCorasick([*literals, *keys], matchkind=MatchKind.LeftmostFirst).find_matches_as_indexes
    slowly = _either([_one_after_the_other(literals), *globbed])

    def test(text: str) -> bool:
        try:
            return bool(find(text)) and (not globbed or slowly(text))
        except UnicodeEncodeError:  # half a surrogate pair
            return slowly(text)

    return test


def _either(tests: list[ManyTest]) -> ManyTest:
    def test(text: str) -> bool:
        for fits in tests:
            if fits(text):
                return True
        return False

    return test
