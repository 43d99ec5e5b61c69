"""Values and their modifiers, from the text of a rule to what is true of an event."""

from typing import Any

import pytest

from tests.sigma.reading import condition, matches, problems, rule, selecting

YES, NO = True, False


@pytest.mark.parametrize(
    ("selection", "value", "wanted"),
    [
        ("{f: Abc}", "aBC", YES),
        ("{f: abc}", "abcd", NO),
        ("{f|cased: Abc}", "Abc", YES),
        ("{f|cased: Abc}", "abc", NO),
        ("{f|contains|cased: Abc}", "xAbcx", YES),
        ("{f|cased|contains: Abc}", "xabcx", NO),
        ("{f|contains: abc}", "xABCx", YES),
        ("{f|startswith: abc}", "ABCx", YES),
        ("{f|startswith: abc}", "xabc", NO),
        ("{f|endswith: abc}", "xABC", YES),
        ("{f|endswith: abc}", "abcx", NO),
        ("{f|contains: ''}", "x", YES),
        ("{f: ''}", "", YES),
        ("{f: ''}", " ", NO),
        ("{f: Ärger}", "äRGER", YES),
    ],
)
def test_text(selection: str, value: Any, wanted: bool) -> None:
    """Text is the whole value unless a modifier says otherwise, and case is no matter unless `cased`."""
    assert matches(selecting(selection), {"f": value}) == [wanted]


@pytest.mark.parametrize(
    ("written", "value", "wanted"),
    [
        (r"a*c", "abbc", YES),
        (r"a*c", "ac", YES),
        (r"a*c", "a\n\nc", YES),
        (r"a?c", "abc", YES),
        (r"a?c", "ac", NO),
        (r"a\*c", "a*c", YES),
        (r"a\*c", "abc", NO),
        (r"a\?c", "a?c", YES),
        (r"a\?c", "abc", NO),
        (r"a\\*c", "a\\xc", YES),
        (r"a\\*c", "a*c", NO),
        (r"a\\\*c", r"a\*c", YES),
        (r"C:\Windows\x", r"c:\windows\x", YES),
        (r"C:\\Windows", r"c:\windows", YES),
        (r"\\\\server", r"\\server", YES),
        (r"a**c", "ac", YES),
        (r"*", "", YES),
        (r"*", "x", YES),
    ],
)
def test_wildcards(written: str, value: str, wanted: bool) -> None:
    """`*` is any text and `?` one character; a backslash before them, or before itself there, takes that from them."""
    assert matches(selecting(f"{{f: '{written}'}}"), {"f": value}) == [wanted]


@pytest.mark.parametrize(
    ("selection", "value", "wanted"),
    [
        ("{f: 80}", 80, YES),
        ("{f: 80}", 80.0, YES),
        ("{f: 80}", "80", YES),
        ("{f: '80'}", 80, YES),
        ("{f: 80}", "80x", NO),
        ("{f: 80}", 801, NO),
        ("{f: 80}", True, NO),
        ("{f: 1.5}", "1.5", YES),
        ("{f|contains: 8}", 1801, YES),
        ("{f|gt: 5}", 6, YES),
        ("{f|gt: 5}", 5, NO),
        ("{f|gte: 5}", "5", YES),
        ("{f|lt: 5}", 4.9, YES),
        ("{f|lte: 5}", 6, NO),
        ("{f|lt: 5}", "x", NO),
        ("{f: true}", True, YES),
        ("{f: true}", "True", YES),
        ("{f: true}", False, NO),
        ("{f: 'false'}", False, YES),
        ("{f|neq: 5}", 6, YES),
        ("{f|neq: 5}", 5, NO),
        ("{f|neq: [a, b]}", "c", YES),
        ("{f|neq: [a, b]}", "b", NO),
        ("{f|contains|neq: a}", "bab", NO),
    ],
)
def test_numbers_and_truth(selection: str, value: Any, wanted: bool) -> None:
    """Numbers are numbers also where the event has them as text, and the other way round."""
    if selection == "{f|contains: 8}":
        assert "contains cannot be used with '8'" in problems(rule(f"  s: {selection}\n  condition: s\n"))[0]
        return
    assert matches(selecting(selection), {"f": value}) == [wanted]


def test_what_is_not_there() -> None:
    """Null is true of no value and of null; `exists` asks for the field alone; neither is an empty text."""
    events: list[dict[str, Any]] = [{}, {"f": None}, {"f": ""}, {"f": "x"}]
    assert matches(selecting("{f: null}"), *events) == [True, True, False, False]
    assert matches(selecting("{f|exists: true}"), *events) == [False, True, True, True]
    assert matches(selecting("{f|exists: false}"), *events) == [True, False, False, False]
    assert matches(selecting("{f: ''}"), *events) == [False, False, True, False]
    assert matches(selecting("{f: [null, x]}"), *events) == [True, True, False, True]
    assert matches(selecting("{f|neq: x}"), *events) == [True, True, True, False]


def test_several_values() -> None:
    """Of a list of values one suffices; with `all` each must be met. Of a list in the event one item suffices."""
    assert matches(selecting("{f|contains: [a, b]}"), {"f": "xa"}, {"f": "c"}) == [True, False]
    assert matches(selecting("{f|contains|all: [a, b]}"), {"f": "xa"}, {"f": "b a"}) == [False, True]
    assert matches(selecting("{f: b}"), {"f": ["a", "b"]}, {"f": ["a", ["b"]]}, {"f": ["ab"]}) == [True, True, False]
    assert matches(selecting("{f: a, g: b}"), {"f": "a", "g": "b"}, {"f": "a"}) == [True, False]
    assert matches(selecting("[{f: a}, {g: b}]"), {"f": "a"}, {"g": "b"}, {}) == [True, True, False]


@pytest.mark.parametrize(
    ("selection", "value", "wanted"),
    [
        ("{f|re: 'a.c'}", "xabcx", YES),
        ("{f|re: 'a.c'}", "xABCx", NO),
        ("{f|re|i: 'a.c'}", "xABCx", YES),
        ("{f|re: 'a.c'}", "a\nc", NO),
        ("{f|re|s: 'a.c'}", "a\nc", YES),
        ("{f|re: '^b$'}", "a\nb", NO),
        ("{f|re|m: '^b$'}", "a\nb", YES),
        ("{f|re|i|m|s: '^B.C'}", "a\nb\nc", YES),
        ("{f|re: '^a$'}", "a", YES),
        (r"{f|re: '\d{3}\\x'}", r"123\x", YES),
        ("{f|re|startswith: 'a|b'}", "bx", YES),
        ("{f|re|startswith: 'a|b'}", "xb", NO),
        ("{f|re|endswith: 'a|b'}", "xa", YES),
        ("{f|re|endswith: 'a|b'}", "ax", NO),
        ("{f|re|contains: 'a|b'}", "xax", YES),
        ("{f|re: '*'}", "", None),
    ],
)
def test_regular_expressions(selection: str, value: str, wanted: bool | None) -> None:
    """They are found anywhere, with case unless `i`, a dot is no newline unless `s`, a line is a whole unless `m`."""
    if wanted is None:
        assert "regular expression" in problems(rule(f"  s: {selection}\n  condition: s\n"))[0]
        return
    assert matches(selecting(selection), {"f": value}) == [wanted]


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("(?=a)b", "a lookaround"),
        ("(?<!a)b", "a lookaround"),
        (r"(a)\1", "a reference back"),
        ("(?>a)b", "an atomic group"),
        ("(a", "missing"),
    ],
)
def test_an_expression_that_cannot_be_bounded_is_refused(expression: str, what: str) -> None:
    """The author reads what of it takes time without bound, and in which field of which selection it stands."""
    (told,) = problems(rule(f"  s:\n    f|re: '{expression}'\n  condition: s\n"))
    assert told.startswith("1.yml:1: detection.s.f|re: regular expression ")
    assert what in told


@pytest.mark.parametrize(
    ("network", "address", "wanted"),
    [
        ("192.168.0.0/16", "192.168.7.1", YES),
        ("192.168.0.0/16", "192.169.0.1", NO),
        ("10.0.0.1/32", "10.0.0.1", YES),
        ("fe80::/10", "fe80::1", YES),
        ("fe80::/10", "FE80:0:0::1", YES),
        ("fe80::/10", "fc00::1", NO),
        ("::1/128", "::1", YES),
        ("::/0", "10.0.0.1", NO),
        ("10.0.0.0/8", "10.x", NO),
    ],
)
def test_networks(network: str, address: str, wanted: bool) -> None:
    """An address is in a network of its own version, however it is written."""
    assert matches(selecting(f"{{f|cidr: '{network}'}}"), {"f": address}) == [wanted]


@pytest.mark.parametrize(
    ("selection", "value", "wanted"),
    [
        ("{f|base64: foobar}", "Zm9vYmFy", YES),
        ("{f|base64|contains: foobar}", "xZm9vYmFyx", YES),
        ("{f|base64offset|contains: foobar}", "xxZvb2Jhcg==", YES),
        ("{f|base64offset|contains: foobar}", "xxmb29iYX", YES),
        ("{f|base64offset|contains: foobar}", "xxZm9vYmF", NO),
        ("{f|wide|base64offset|contains: ping}", "cABpAG4AZw", YES),
        ("{f|utf16|base64: ping}", "//5wAGkAbgBnAA==", YES),
        ("{f|utf16be|base64: ping}", "AHAAaQBuAGc=", YES),
        ("{f|wide: ab}", "a\0b\0", YES),
        ("{f|windash|contains: ' -x '}", "cmd /x y", YES),
        ("{f|windash|contains: ' -x '}", "cmd \u2013x y", YES),
        ("{f|windash|contains: ' -x '}", "cmd +x y", NO),
        ("{f|windash|contains|all: [' -a', ' -b']}", "cmd /a -b", YES),
        ("{f|windash|contains|all: [' -a', ' -b']}", "cmd /a", NO),
    ],
)
def test_encodings(selection: str, value: str, wanted: bool) -> None:
    """A modifier may make several texts of one: of these any suffices, also under `all`."""
    assert matches(selecting(selection), {"f": value}) == [wanted]


def test_fields_that_are_compared_with_each_other() -> None:
    """`fieldref` compares with the value of another field of the event; where that is missing it is false."""
    events = [{"f": "Ab", "g": "aB"}, {"f": "abc", "g": "ab"}, {"f": "cab", "g": "ab"}, {"f": "ab"}]
    assert matches(selecting("{f|fieldref: g}"), *events) == [True, False, False, False]
    assert matches(selecting("{f|fieldref|startswith: g}"), *events) == [True, True, False, False]
    assert matches(selecting("{f|fieldref|endswith: g}"), *events) == [True, False, True, False]
    assert matches(selecting("{f|fieldref|contains: g}"), *events) == [True, True, True, False]
    assert matches(selecting("{f|fieldref|neq: g}"), *events) == [False, True, True, True]
    assert matches(selecting("{f|cased|fieldref: g}"), *events) == [False, False, False, False]


def test_points_in_time() -> None:
    """Parts of a time are those in UTC, and can be compared; the week is ISO 8601's."""
    at: list[dict[str, Any]] = [{"t": "2026-01-01T23:30:00+01:00"}, {"t": 1767222000}, {"t": "yesterday"}]
    assert matches(selecting("{t|hour: 22}"), *at) == [True, False, False]
    assert matches(selecting("{t|hour|gte: 22}"), *at) == [True, True, False]
    assert matches(selecting("{t|minute: 30}"), *at) == [True, False, False]
    assert matches(selecting("{t|day|lt: 2}"), *at) == [True, False, False]
    assert matches(selecting("{t|week: 1}"), *at) == [True, True, False]
    assert matches(selecting("{t|month: [1, 12]}"), *at) == [True, True, False]
    assert matches(selecting("{t|year: 2026}"), *at) == [True, False, False]
    assert "from 0 to 23, got 24" in problems(rule("  s: {t|hour: 24}\n  condition: s\n"))[0]


@pytest.mark.parametrize(
    ("keywords", "wanted"),
    [
        ("[EVIL, none]", YES),
        ("[devil]", NO),
        ("['ev?l', none]", YES),
        ("['*evil*']", YES),
        ("{'|all': [evil, command]}", YES),
        ("{'|all': [evil, none]}", NO),
        ("{'|contains': [vil]}", YES),
        ("{'|startswith': [evil]}", YES),
        ("{'|startswith': [command]}", NO),
        ("{'|endswith': [command]}", YES),
        ("{'|re': ['e.il c']}", YES),
        ("{'|re': ['E.IL']}", NO),
        ("{'|cased': [EVIL]}", NO),
        ("[4711]", YES),
        ("[inner]", YES),
        ("[nested]", NO),
    ],
)
def test_keywords(keywords: str, wanted: bool) -> None:
    """Without a field, a value is looked for in all values of the event, at any depth, not in the names of fields."""
    event = {"message": "evil command", "number": 47110, "nested": {"deep": [{"er": "the inner text"}]}}
    assert matches(condition(f"  keywords: {keywords}\n  condition: keywords\n"), event) == [wanted]
