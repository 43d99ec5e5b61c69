"""Conditions: how selections are put together."""

import pytest

from engine.sigma.model import And, Text
from tests.sigma.reading import condition, matches, problems, rule

SELECTIONS = "  sel_a: {a: 1}\n  sel_b: {b: 1}\n  other: {c: 1}\n  _hidden: {d: 1}\n"


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("sel_a", "a ab abc"),
        ("sel_a and sel_b", "ab abc"),
        ("sel_a or sel_b", "a b ab abc"),
        ("not sel_a", "b c d -"),
        ("sel_a and not sel_b", "a"),
        ("sel_a or sel_b and other", "a ab abc"),
        ("(sel_a or sel_b) and other", "abc"),
        ("not (sel_a or sel_b)", "c d -"),
        ("not sel_a and not sel_b", "c d -"),
        ("not not sel_a", "a ab abc"),
        ("1 of sel_*", "a b ab abc"),
        ("any of sel_*", "a b ab abc"),
        ("all of sel_*", "ab abc"),
        ("1 of *_b", "b ab abc"),
        ("1 of them", "a b c ab abc"),
        ("all of them", "abc"),
        ("sel_a and not 1 of sel_b*", "a"),
        ("not all of sel_*", "a b c d -"),
        ("[sel_a and sel_b, other]", "c ab abc"),
        ("1 of _hidden*", "d"),
    ],
)
def test_every_form_of_condition(written: str, wanted: str) -> None:
    """`not` before `and` before `or`; patterns choose selections by name, `them` all but those with an underscore; of
    several conditions one suffices.
    """
    node = condition(f"{SELECTIONS}  condition: {written}\n")
    events = {name: {field: 1 for field in name if field != "-"} for name in ("a", "b", "c", "d", "ab", "abc", "-")}
    assert [name for name, event in events.items() if matches(node, event) == [True]] == [
        name for name in events if name in wanted.split()
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("nothing", "there is no 'nothing'; there are _hidden, other, sel_a, sel_b"),
        ("sel_a and", "is not a condition"),
        ("(sel_a", "is not a condition"),
        ("1 of x*", "no selection is named like 'x*'"),
        ("sel_a | count() > 5", "is not a condition"),
        ("2 of sel_*", "is not a condition"),
        ("5", "expected a condition such as"),
        ("[sel_a, nothing]", "there is no 'nothing'"),
        ("'" + "(" * 51 + "sel_a" + ")" * 51 + "'", "nested more than 50 deep"),
        ("'" + "not " * 3000 + "sel_a'", "nested more than 50 deep"),
        ("'" + "a or " * 10_000 + "a'", "longer than 20000 characters"),
    ],
)
def test_what_is_no_condition(written: str, told: str) -> None:
    """A condition that cannot be read is refused at its place, whatever it looks like."""
    (problem,) = problems(rule(f"{SELECTIONS}  condition: {written}\n"))
    assert problem.startswith("1.yml:1: detection.condition: ")
    assert told in problem


def test_nothing_stands_around_what_stands_alone() -> None:
    """Conditions come out flat: no `and` of one, no `and` in an `and`."""
    assert condition("  s: {a: x}\n  condition: s\n") == Text("a", ("x",))
    node = condition("  s: {a: x, b: y}\n  t: {c: z}\n  condition: s and t\n")
    assert node == And((Text("a", ("x",)), Text("b", ("y",)), Text("c", ("z",))))
