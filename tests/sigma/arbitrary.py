"""Random conditions, and random events that they are often true of: values are made of what the conditions ask for."""

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from engine.sigma import model
from engine.sigma.model import MANY, ONE

FIELDS = ("Image", "CommandLine|process.command_line", "a.b", "a.b|c", "n")
KEYS = ("Image", "CommandLine", "process.command_line", "process", "a", "a.b", "c", "n", "other")
_LETTERS = "aAbBcsSſkKK\\.*? -1σΣςİi"
"""With letters whose lower case is longer, hangs on their neighbours, or is that of another letter."""
_EXPRESSIONS = {
    "ab+c": "abbc",
    "(?i)AB|cs": "cſ",
    "a(b|c)s": "acs",
    "(?i)ss?k": "SK",
    "^a.*b$": "a-b",
    "[aA][bB]": "aB",
    "(a|)b": "b",
    "(?:ab){2}": "abab",
    "Σ": "ΑΣ",
    "(?i)σa": "ςA",
    "a.b": "a\\b",
    r"\d{1,3}\.\d": "1.2",
    r"\\a": "\\a",
    "[^a]b": "bb",
    "(?i:k)a": "Ka",
    "a(?i)b|s": "aſ",
    "c:(?:[aA]|b[^]k]){1,2}s": "c:Ab.s",
    r"(?i)-e[nc]*\s+(?:AB|cd)": "-EN AB",
}
"""Each with a text that it is found in."""
_TIMES = ("2024-02-29T23:59:58Z", "2023-01-01T00:30:00+02:00", "1709251199", 1709251199, 0, "2024-13-01T00:00:00Z")

_pieces = st.text(_LETTERS, min_size=1, max_size=4) | st.sampled_from(("ab", "abc", "\\cmd", "kas", "ΑΣ"))
_fields = st.sampled_from(FIELDS)
_numbers = st.integers(-2, 4) | st.sampled_from((1.5, 4625, 1e3))


@st.composite
def patterns(draw: st.DrawFn) -> model.Pattern:
    """No two literals and no two `MANY` side by side."""
    found: list[str | int] = []
    for piece in draw(st.lists(_pieces | st.sampled_from((MANY, ONE)), max_size=4)):
        if not found or isinstance(piece, str) is not isinstance(found[-1], str) or ONE in (piece, found[-1]):
            found.append(piece)
    return tuple(found)


def _anchored(piece: str) -> st.SearchStrategy[model.Pattern]:
    return st.sampled_from(((piece,), (MANY, piece), (piece, MANY)))


_leaves: st.SearchStrategy[model.Node] = st.one_of(
    st.builds(model.Text, _fields, patterns(), st.booleans()),
    st.builds(model.Text, _fields, _pieces.flatmap(_anchored)),
    st.builds(model.Keyword, patterns(), st.booleans()),
    st.builds(model.Number, _fields, _numbers),
    st.builds(model.Compare, _fields, st.sampled_from(("lt", "lte", "gt", "gte", "neq")), _numbers),
    st.builds(model.Regexp, _fields | st.just(""), st.sampled_from(sorted(_EXPRESSIONS))),
    st.builds(model.Cidr, _fields, st.sampled_from(("10.0.0.0/8", "::1/128", "1.2.3.4/32"))),
    st.builds(
        model.SameAs, _fields, _fields, st.sampled_from(("equals", "startswith", "endswith", "contains")), st.booleans()
    ),
    st.builds(model.Exists, _fields, st.booleans()),
    st.builds(model.Null, _fields),
    st.builds(
        model.TimePart, _fields, st.sampled_from(("minute", "hour", "day", "week", "month", "year")), st.integers(0, 60)
    ),
)  # fmt: skip


def _joined(parts: st.SearchStrategy[model.Node]) -> st.SearchStrategy[model.Node]:
    several = st.lists(parts, max_size=4).map(tuple)
    return st.builds(model.And, several) | st.builds(model.Or, several) | st.builds(model.Not, parts)


def _within(pattern: model.Pattern) -> bool:
    return bool(pattern) and MANY not in (pattern[0], pattern[-1])


_long_lists = st.builds(
    lambda field, found, cased: model.Or(tuple(model.Text(field, (MANY, *pattern, MANY), cased) for pattern in found)),
    _fields,
    st.lists(
        patterns().filter(lambda pattern: bool(pattern) and MANY not in (pattern[0], pattern[-1])),
        min_size=12,
        max_size=16,
    ),
    st.booleans(),
)
"""So long that all of it is sought at once."""

conditions: st.SearchStrategy[model.Node] = (
    _leaves | st.recursive(_leaves, _joined, max_leaves=8) | st.recursive(_leaves | _long_lists, _joined, max_leaves=3)
)


_scalars = st.one_of(
    st.lists(_pieces, max_size=3).map("".join),
    _numbers,
    st.sampled_from(("10.1.2.3", "::1", "1.2.3.4", "4625", "01.5", *_TIMES, True, False, None, "", "\1\3a\3\2")),
)
_deep = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("b", "command_line", "x")), inner, max_size=2)
    ),
    max_leaves=4,
)


@st.composite
def events(draw: st.DrawFn, nodes: Sequence[model.Node]) -> dict[str, Any]:
    """Mostly with what parts of the conditions ask for, where they ask for it."""
    values = draw(st.sampled_from((_scalars, _scalars, _deep)))
    data = draw(st.dictionaries(st.sampled_from(KEYS), values, max_size=4))
    for field, value in _asked_for(model.Or(tuple(nodes))):
        if draw(st.integers(0, 5)):
            _put(data, draw(st.sampled_from(field.split("|"))), draw(_near(value)), flat=draw(st.booleans()))
    return data


def _near(value: Any) -> st.SearchStrategy[Any]:
    """The value, or nearly."""
    if not isinstance(value, str):
        return st.sampled_from((value, value, str(value), [value]))
    recased = st.sampled_from((value, value, value.upper(), value.swapcase()))
    longer = st.tuples(st.sampled_from(("", "", "a", " ")), recased, st.sampled_from(("", "", "a", "."))).map("".join)
    return longer | longer.map(lambda text: ["b", text])


def _put(data: dict[str, Any], key: str, value: Any, *, flat: bool) -> None:
    outer, _, inner = key.partition(".")
    if inner and not flat:
        data[outer] = {inner: value}
    else:
        data[key] = value


def _asked_for(node: model.Node) -> Iterator[tuple[str, Any]]:
    """Fields with a value that makes some leaf true."""
    match node:
        case model.And(of) | model.Or(of):
            for part in of:
                yield from _asked_for(part)
        case model.Not(of):
            yield from _asked_for(of)
        case model.Text(field, pattern):
            yield field, _fitting(pattern)
        case model.Keyword(pattern):
            yield "other", _fitting(pattern)
        case model.Number(field, value):
            yield field, value
        case model.Regexp(field, expression):
            yield field or "other", _EXPRESSIONS[expression]


def _fitting(pattern: model.Pattern) -> str:
    return "".join(piece if isinstance(piece, str) else "x" if piece == ONE else "" for piece in pattern)
