"""Filters: what else must hold for the rules that they name."""

import pytest

from engine.sigma.model import And, Detection, Node, Not, Text
from tests.sigma.reading import read, rules

RULE = """
title: A rule
id: 5d8fd9da-6916-45ef-8d4d-3fa9d19d1a64
name: a_rule
logsource: {product: linux, category: process_creation}
detection: {selection: {a: x}, condition: selection}
"""
A = Text("a", ("x",))
SHOUT = """
name: shout
transformations:
  - type: field_name_mapping
    mapping: {a: A, u: U}
    rule_conditions: [{type: logsource, product: linux}]
"""


def a_filter(rules_: str, *, condition: str = "not selection", logsource: str = "{product: linux}") -> str:
    return f"title: F\nlogsource: {logsource}\n" + (
        f"filter:\n  rules: {rules_}\n  selection: {{u: y}}\n  condition: {condition}\n"
    )


def condition(*texts: str, pipelines: tuple[str, ...] = ()) -> Node:
    """The condition of the first rule, where nothing is wrong."""
    does = rules(*texts, pipelines=pipelines)[0].does
    assert isinstance(does, Detection)
    return does.condition


@pytest.mark.parametrize("named", ["5D8FD9DA-6916-45EF-8D4D-3FA9D19D1A64", "[a_rule]", "[a_rule, a_rule]", "any", "[]"])
def test_a_filter_is_joined_to_the_rules_that_it_names(named: str) -> None:
    """By id or name, in another file, before or after; or to all rules of its log source."""
    assert condition(RULE, a_filter(named)) == And((A, Not(Text("u", ("y",)))))


def test_its_condition_is_what_must_hold() -> None:
    """As in pySigma: who wants to exclude a selection writes `not`."""
    assert condition(RULE, a_filter("any", condition="selection")) == And((A, Text("u", ("y",))))


def test_its_fields_are_called_as_those_of_the_rule() -> None:
    """Pipelines see the log source of the rule, which may be narrower than that of the filter."""
    wide = a_filter("any", logsource="{category: process_creation}")
    assert condition(RULE, wide, pipelines=(SHOUT,)) == And((Text("A", ("x",)), Not(Text("U", ("y",)))))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (a_filter("other"), "filter.rules: there is no rule with the id or name 'other'"),
        (
            a_filter("a_rule", logsource="{product: windows}"),
            "filter.rules: the rule 'a_rule' is for another log source",
        ),
        (a_filter("5"), "filter.rules: expected names or ids of rules, or any, got 5"),
        (a_filter("any", condition="x"), "filter.condition: there is no 'x'"),
        (a_filter("any").replace("{u: y}", "{u|cidr: y}"), "filter.selection.u|cidr: Invalid CIDR"),
        (a_filter("any", logsource="5"), "logsource: expected a log source"),
        ("title: F\nlogsource: {product: linux}\nfilter: 5", "filter: expected rules, selections and a condition"),
    ],
)
def test_a_filter_that_is_wrong_leaves_rules_as_they_are(text: str, told: str) -> None:
    """And its author is told."""
    found, (problem,) = read(RULE, text)
    assert str(problem).startswith(f"2.yml:1: {told}")
    assert isinstance(found[0].does, Detection)
    assert found[0].does.condition == A


def test_any_means_those_of_its_log_source() -> None:
    """Rules of other log sources have nothing to do with it."""
    assert condition(RULE, a_filter("any", logsource="{product: windows}")) == A
