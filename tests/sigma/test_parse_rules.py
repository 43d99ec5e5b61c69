"""Rule files as a whole: what rules say of themselves, several documents, and mistakes with their places."""

import pytest

from engine.sigma.documents import Document
from engine.sigma.model import About, Detection, LogSource
from engine.sigma.parse import parse
from tests.sigma.reading import problems, read, rule, rules

SELECTION = "  s: {a: 1}\n  condition: s\n"


def test_what_a_rule_says_of_itself() -> None:
    """Title, level, status and the rest are kept for people; words of Sigma in lower case, lists also where one item
    stands alone.
    """
    (found,) = rules(
        "title: T\nid: 5D8FD9DA-6916-45EF-8D4D-3FA9D19D1A64\nname: n\nstatus: Test\nlevel: HIGH\ndescription: D\n"
        "author: [A, B]\ndate: 2026-01-02\ntags: [attack.t1110, attack.credential-access]\nreferences: https://x\n"
        "falsepositives: [F, null]\nfields: [f]\ncustom: {x: y}\n"
        "logsource: {product: Linux, service: SSHD, definition: d}\n"
        f"detection:\n{SELECTION}"
    )
    assert found.about == About(
        title="T",
        level="high",
        status="test",
        description="D",
        author="A, B",
        date="2026-01-02",
        tags=("attack.t1110", "attack.credential-access"),
        falsepositives=("F",),
        references=("https://x",),
        fields=("f",),
    )
    assert (found.id, found.path, found.line, found.raises) == (
        "5d8fd9da-6916-45ef-8d4d-3fa9d19d1a64", "1.yml", 1, True,
    )  # fmt: skip
    assert isinstance(found.does, Detection)
    assert found.does.logsource == LogSource(product="linux", service="sshd")


def test_a_rule_without_an_id_has_one() -> None:
    """It is a digest of what the rule says, so it is the same in another file and another when the rule changes."""
    one, again, other = (
        rules(text)[0].id for text in (rule(SELECTION), "\n" + rule(SELECTION), rule(SELECTION * 1, more="level: low"))
    )
    assert one == again != other


def test_documents_that_share() -> None:
    """`global` is taken over by the rules after it until `reset`, `repeat` changes the rule before; what a document
    itself says goes first, and an id that is taken over is that of the first rule alone.
    """
    text = """
action: global
title: Shared
id: 5d8fd9da-6916-45ef-8d4d-3fa9d19d1a64
level: low
detection: {condition: s}
---
logsource: {service: one}
detection: {s: {a: 1}}
---
title: Two
logsource: {service: two}
detection: {s: {a: 2}}
---
action: repeat
level: high
logsource: {service: three}
---
action: reset
---
title: Alone
logsource: {service: four}
detection: {s: {a: 4}, condition: s}
---
"""
    found = rules(text)
    assert [(each.about.title, each.about.level, each.does.logsource.service) for each in found] == [  # type: ignore[union-attr]
        ("Shared", "low", "one"),
        ("Two", "low", "two"),
        ("Two", "high", "three"),
        ("Alone", "", "four"),
    ]
    assert [each.line for each in found] == [8, 11, 15, 21]
    assert len({each.id for each in found}) == 4


def test_several_conditions_are_one_rule() -> None:
    """Each of several conditions makes the rule true."""
    (found,) = rules(rule("  s: {a: 1}\n  t: {b: 2}\n  condition: [s, t]\n"))
    assert isinstance(found.does, Detection)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("5", "expected a Sigma rule: a mapping"),
        ("[a]", "expected a Sigma rule: a mapping"),
        ("title: T", "expected a Sigma rule, with detection, correlation or filter"),
        ("action: globl\ntitle: T", "action: expected one of global, reset, repeat, got 'globl'"),
        (rule(SELECTION).replace("A rule", ""), "title: expected a title"),
        (rule(SELECTION, more="level: hihg"), "level: expected one of informational, low, medium, high"),
        (rule(SELECTION, more="status: [test]"), "status: expected one of stable, test,"),
        (rule(SELECTION, more="id: 5"), "id: expected a text, got 5"),
        (rule(SELECTION, more="name: ''"), "name: expected a text"),
        (rule(SELECTION, logsource="linux"), "logsource: expected a log source: product, category, service"),
        (rule(SELECTION, logsource="{definition: x}"), "logsource: expected a product, a category or a service"),
        (rule(SELECTION, logsource="{product: 5}"), "logsource.product: expected a text, got 5"),
        (rule("  - x"), "detection: expected selections by name, and a condition"),
        (rule("  s: {a: 1}"), "detection: expected a condition"),
        (rule("  condition: s"), "detection: expected selections by name beside the condition"),
        (rule("  s: {}\n  condition: s"), "detection.s: expected fields and their values, got an empty m"),
        (rule("  s: []\n  condition: s"), "detection.s: expected values or mappings, got an empty list"),
        (rule("  s: {a: {b: c}}\n  condition: s"), "detection.s.a: expected a text, a number, true, false or null"),
        (rule("  s: {a: [x, [y]]}\n  condition: s"), "detection.s.a.1: expected a text, a number"),
        (rule("  s: {a|contians: x}\n  condition: s"), "detection.s.a|contians: there is no modifier 'contians'"),
        (rule("  s: {a|cidr: x}\n  condition: s"), "detection.s.a|cidr: Invalid CIDR expression"),
        (rule("  s: [{a: b}, {a|cidr: 1.2.3.4/8}]\n  condition: s"), "detection.s.1.a|cidr: Invalid CIDR"),
        (rule("  s: {a|gt: x}\n  condition: s"), "detection.s.a|gt: gt cannot be used with 'x'"),
        (rule("  s: {a|contains: 5}\n  condition: s"), "detection.s.a|contains: contains cannot be used with '5'"),
        (rule("  s: {a|re: 5}\n  condition: s"), "detection.s.a|re: "),
        (rule("  s: {'|exists': true}\n  condition: s"), "detection.s.|exists: "),
        (rule("  s: {'|gt': 5}\n  condition: s"), "detection.s: expected the name of a field before the modifier"),
        (rule("  s: [null]\n  condition: s"), "detection.s: expected a text to look for, or the name of a field"),
        (rule("  s: {a|base64: 'x*'}\n  condition: s"), "detection.s.a|base64: Base64 encoding of strings with"),
        (rule("  s: {a: 123456789012345678901}\n  condition: s"), "is beyond 2^53 and would not be exact"),
        (rule("  s: [12345678901234567]\n  condition: s"), "is beyond 2^53 and would not be exact"),
        (rule("  s: " + "[" * 30 + "{a: 1}" + "]" * 30 + "\n  condition: s"), "nested too deeply"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(text: str, told: str) -> None:
    """File, line of the document, field, and what was expected there."""
    (problem,) = problems(text)
    assert problem.startswith("1.yml:1: ")
    assert told in problem


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        ({"a": "\ud800"}, "holds half of a surrogate pair, which is no text"),
        ({"a": 2**64}, "is beyond 2^53"),
        ({1: "x"}, "detection.s: expected the name of a field, got 1"),
        ({"a": b"x"}, "detection.s.a: expected a text, a number"),
    ],
)
def test_what_no_bundle_could_hold_is_refused(selection: object, told: str) -> None:
    """Whatever a rule may have been read from, it can be written down again."""
    content = {"title": "T", "logsource": {"product": "p"}, "detection": {"s": selection, "condition": "s"}}
    found, (problem,) = parse([Document("p", 1, content)])
    assert found == ()
    assert told in str(problem)


def test_a_mistake_hides_no_other_rule() -> None:
    """Of several documents and files, those that are right are loaded, and every mistake is told."""
    good, bad = rule(SELECTION), rule("  s: {a: 1}\n  condition: x\n")
    found, told = read(f"{bad}---\n{good}", "title: T", rule(SELECTION, more="level: low"))
    assert [(each.path, each.line) for each in found] == [("1.yml", 8), ("3.yml", 1)]
    assert [(each.path, each.line, each.refused) for each in told] == [("1.yml", 1, True), ("2.yml", 1, True)]


def test_an_id_names_one_rule() -> None:
    """A second rule of the same id is refused, with the place of the first."""
    text = rule(SELECTION, more="id: 5d8fd9da-6916-45ef-8d4d-3fa9d19d1a64")
    found, told = read(text, text.replace("5d8", "5D8"))
    assert [each.path for each in found] == ["1.yml"]
    assert [str(each) for each in told] == [
        "2.yml:1: id: another rule has the id '5d8fd9da-6916-45ef-8d4d-3fa9d19d1a64': 1.yml:1"
    ]


def test_the_order_of_the_files_does_not_matter() -> None:
    """Rules and problems come by path and line."""
    content = {"title": "T", "logsource": {"product": "p"}, "detection": {"s": {"a": 1}, "condition": "s"}}
    given = [
        Document(path, 1, content | {"level": level}) for path, level in (("b", "low"), ("a", "high"), ("c", "no"))
    ]
    assert parse(given) == parse(reversed(given))
    assert [each.path for each in parse(given)[0]] == ["a", "b"]
