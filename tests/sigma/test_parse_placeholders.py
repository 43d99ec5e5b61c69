"""Placeholders (`expand`): with values, and while they have none."""

import re

import pytest

from engine.sigma.logic import NEVER
from engine.sigma.model import Detection
from engine.sigma.translation import PipelineError
from tests.sigma.reading import matches, problems, read, rule, selecting

VALUES = {"who": ["Ann", "b*"], "where": ["here", "there"], "none": []}


@pytest.mark.parametrize(
    ("selection", "value", "wanted"),
    [
        ("{f|expand: '%who%'}", "ann", True),
        ("{f|expand: '%who%'}", "bob", True),
        ("{f|expand: '%who%'}", "%who%", False),
        ("{f|contains|expand: '%who%'}", "joann", True),
        ("{f|expand: '%who%@%where%'}", "ann@there", True),
        ("{f|expand: '%who%@%where%'}", "ann@nowhere", False),
        ("{f|expand: [x, '%who%']}", "x", True),
        ("{f|expand: '100%'}", "100%", True),
        ("{f: '%who%'}", "%who%", True),
        ("{f|re|expand: '^%who%$'}", "Ann", True),
        ("{f|re|expand: '^%who%$'}", "Anna", False),
        ("{'|expand': '%who%'}", "x ann x", True),
    ],
)
def test_a_placeholder_stands_for_each_of_its_values(selection: str, value: str, wanted: bool) -> None:
    """Values may have wildcards, and several placeholders are each with each. In an expression values are no
    expressions. Without `expand` it is a text as any other.
    """
    assert matches(selecting(selection, placeholders=VALUES), {"f": value}) == [wanted]


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("waits", ""),
        ("not waits", ""),
        ("a or waits", "a ab"),
        ("a and waits", ""),
        ("a and not waits", ""),
        ("a and not (waits or b)", ""),
        ("a and not (waits and b)", "a"),
        ("not (a and not waits)", "b -"),
        ("1 of them", "a b ab"),
        ("all of them", ""),
        ("a and neq", ""),
    ],
)
def test_a_rule_that_waits_matches_only_what_it_would_whatever_the_values(condition: str, wanted: str) -> None:
    """Without values a rule is loaded and its user told; it is true only where no values could make it false."""
    text = rule(
        "  a: {a: 1}\n  b: {b: 1}\n  waits: {f|expand: '%none%'}\n"
        + ("  neq: {f|expand|neq: '%none%'}\n" if "neq" in condition else "")
        + f"  condition: {condition}\n"
    )
    (found,), (told,) = read(text, placeholders=VALUES)
    assert not told.refused
    assert str(told) == (
        "1.yml:1: detection: waits for values of %none%; until then it matches only what it would whatever they are"
    )
    assert isinstance(found.does, Detection)
    events = {name: {field: 1 for field in name if field != "-"} for name in ("a", "b", "ab", "-")}
    hits = [name for name, event in events.items() if matches(found.does.condition, event) == [True]]
    assert hits == wanted.split()


def test_a_rule_that_only_waits_never_matches() -> None:
    """It comes down to a condition that is never true, whatever the event."""
    (found,), _ = read(rule("  s: {f|expand: '%x%', g: 1}\n  condition: s\n"))
    assert isinstance(found.does, Detection)
    assert found.does.condition == NEVER


def test_a_pipeline_may_give_the_values() -> None:
    """Variables of a pipeline, which is pySigma's way, are as good."""
    pipeline = "name: p\npriority: 10\nvars: {x: [one, two]}\ntransformations: [{type: value_placeholders}]\n"
    node = selecting("{f|expand: '%x%'}", pipelines=[pipeline])
    assert matches(node, {"f": "two"}, {"f": "three"}) == [True, False]


def test_variables_alone_are_values_and_those_without_any_still_wait() -> None:
    """A pipeline need transform nothing for it, and takes no rule away that asks for others."""
    text = rule("  s: {f|expand: ['%x%', '%y%']}\n  condition: s\n")
    (found,), (told,) = read(text, pipelines=["vars: {x: [one, 2*], z: three}"])
    assert "waits for values of %y%" in str(told)
    assert isinstance(found.does, Detection)
    assert matches(found.does.condition, {"f": "one"}, {"f": "23"}, {"f": "three"}) == [True, True, False]


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ("[x]", "vars: expected a mapping from names of placeholders to their values"),
        ("{x: {y: z}}", "vars.x: expected a text or a number, or a list of them"),
        ("{x: [null]}", "vars.x: expected a text or a number, or a list of them"),
    ],
)
def test_what_is_no_value_is_refused_with_its_name(variables: str, problem: str) -> None:
    """A pipeline that is wrong is none."""
    with pytest.raises(PipelineError, match=re.escape(problem)):
        selecting("{f|expand: '%x%'}", pipelines=[f"vars: {variables}"])


def test_what_cannot_be_filled_in_is_refused() -> None:
    """An encoding of the placeholder itself, and values that multiply beyond measure."""
    text = rule("  s: {f|expand|base64: '%who%'}\n  condition: s\n")
    assert "expand cannot be used together with an encoding" in problems(text, placeholders=VALUES)[0]
    text = rule("  s: {f|expand: '%a%%a%%a%'}\n  condition: s\n")
    assert "stand for 27000 values together" in problems(text, placeholders={"a": [str(n) for n in range(30)]})[0]
