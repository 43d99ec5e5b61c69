"""Correlations: their types and conditions, and how they refer to rules."""

from typing import Any

import pytest

from engine.sigma.model import And, Correlation, Not, Or, Text, Threshold
from tests.sigma.reading import correlation, problems, read, rules

DAY_MS = 86_400_000


def base(name: str, *, logsource: str = "{category: test}") -> str:
    return f"title: {name}\nname: {name}\nlogsource: {logsource}\ndetection: {{s: {{a: {name}}}, condition: s}}\n---\n"


def over(fields: str, *, more: str = "") -> str:
    """Rules a and b, and a correlation with these fields."""
    return base("a") + base("b") + f"title: C\n{more}\ncorrelation: {fields}\n"


def ids(text: str) -> dict[str, str]:
    return {rule.about.title: rule.id for rule in rules(text)}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ("{type: event_count, rules: a, timespan: 5m, condition: {gte: 10}}", {"thresholds": (Threshold("gte", 10),)}),
        (
            "{type: event_count, rules: [a, b], timespan: 1d, condition: {gt: 1, lte: 2.5}}",
            {"thresholds": (Threshold("gt", 1), Threshold("lte", 2.5)), "timespan_ms": DAY_MS},
        ),
        (
            "{type: value_count, rules: [a], timespan: 2w, group-by: [x, y], condition: {field: u, eq: 3}}",
            {"thresholds": (Threshold("eq", 3),), "fields": ("u",), "group_by": ("x", "y"), "timespan_ms": 14 * DAY_MS},
        ),
        (
            "{type: value_count, rules: [a], timespan: 30s, group-by: x, condition: {field: [u, v], neq: 3}}",
            {"fields": ("u", "v"), "group_by": ("x",), "timespan_ms": 30_000, "thresholds": (Threshold("neq", 3),)},
        ),
        ("{type: value_sum, rules: [a], timespan: 1h, condition: {field: u, gt: 3}}", {"fields": ("u",)}),
        ("{type: value_avg, rules: [a], timespan: 1h, condition: {field: u, gt: 3}}", {"fields": ("u",)}),
        ("{type: value_median, rules: [a], timespan: 1h, condition: {field: u, gt: 3}}", {"fields": ("u",)}),
        ("{type: value_percentile, rules: [a], timespan: 1h, condition: {field: u, gt: 3}}", {"percentile": 50.0}),
        (
            "{type: value_percentile, rules: [a], timespan: 1h, condition: {field: u, gt: 3, percentile: 95}}",
            {"percentile": 95.0},
        ),
        ("{type: temporal, rules: [a, b], timespan: 1h}", {"thresholds": (Threshold("gte", 2),)}),
        ("{type: temporal_ordered, rules: [a, b], timespan: 1h}", {"thresholds": (Threshold("gte", 2),)}),
        ("{type: temporal, rules: [a, b], timespan: 1h, condition: {gt: 1}}", {"thresholds": (Threshold("gt", 1),)}),
        ("{type: absence, rules: [a], timespan: 10m, group-by: [host]}", {"thresholds": (), "timespan_ms": 600_000}),
    ],
)  # fmt: skip
def test_every_type(fields: str, wanted: dict[str, Any]) -> None:
    """All types of Sigma and our own, ranges of conditions, one value where there may be a list."""
    found = correlation(over(fields))
    assert {name: getattr(found, name) for name in wanted} == wanted


def test_an_expression_over_rules() -> None:
    """A temporal correlation may have a condition over its rules; these need not be listed again."""
    for listed in ("", "rules: [a, b, c], "):
        text = base("c") + over(f"{{type: temporal, {listed}timespan: 1h, condition: a and (b or not c)}}")
        named = ids(text)
        a, b, c = (Text("", (named[name],)) for name in "abc")
        found = correlation(text)
        assert found.nested == And((a, Or((b, Not(c)))))
        assert set(found.rules) == {named["a"], named["b"], named["c"]}
        assert found.thresholds == ()


def test_rules_are_named_by_id_or_name_from_anywhere() -> None:
    """Before or after, in the same file or another, also correlations; a name of the same file goes first."""
    by_id = base("a").replace("name: a", "id: 5d8fd9da-6916-45ef-8d4d-3fa9d19d1a64").rstrip("-\n")
    inner = (
        "title: I\nname: inner\ncorrelation: {type: event_count, rules: a, timespan: 1m, condition: {gte: 2}}\n---\n"
    )
    outer = (
        "title: O\ncorrelation: {type: temporal, rules: [inner, 5D8FD9DA-6916-45EF-8D4D-3FA9D19D1A64], timespan: 1m}\n"
    )
    found = rules(outer, by_id, inner + base("a"), base("a", logsource="{category: other}"))
    of = {each.about.title: each.does for each in found if isinstance(each.does, Correlation)}
    near = next(each.id for each in found if each.path == "3.yml" and each.about.title == "a")
    assert of["I"].rules == (near,)
    assert of["O"].rules == (
        next(each.id for each in found if each.about.title == "I"),
        by_id.split("id: ")[1].split("\n")[0],
    )


@pytest.mark.parametrize(
    ("generate", "wanted"), [("", False), ("generate: false, ", False), ("generate: true, ", True)]
)
def test_a_rule_under_a_correlation_is_silent(generate: str, wanted: bool) -> None:
    """What only a correlation refers to makes no alerts of its own, unless the correlation says `generate`."""
    found = rules(over(f"{{type: event_count, rules: [a], {generate}timespan: 5m, condition: {{gte: 10}}}}"))
    assert {each.about.title: each.raises for each in found} == {"a": wanted, "b": True, "C": True}


def test_two_correlations_over_a_rule() -> None:
    """It makes alerts of its own if one of them wants it to."""
    text = over("{type: event_count, rules: [a], generate: true, timespan: 5m, condition: {gte: 10}}")
    more = "---\ntitle: D\ncorrelation: {type: event_count, rules: [a, b], timespan: 5m, condition: {gte: 10}}\n"
    assert {each.about.title: each.raises for each in rules(text + more)} == {
        "a": True,
        "b": False,
        "C": True,
        "D": True,
    }


def test_aliases() -> None:
    """An alias is the field of each rule, by the rule's id; what it says of no rule of its own is left out."""
    text = over(
        "{type: temporal, rules: [a, b], timespan: 5m, group-by: [ip, host],"
        " aliases: {ip: {a: source.ip, b: destination.ip}, unused: {a: x}}}"
    )
    named = ids(text)
    found = correlation(text)
    assert found.group_by == ("ip", "host")
    assert found.aliases["ip"] == {named["a"]: "source.ip", named["b"]: "destination.ip"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("5", "expected a mapping with type, rules and timespan"),
        ("{type: count, rules: [a], timespan: 5m}", "type: expected one of event_count, value_count, temporal,"),
        ("{type: event_count, rules: [a], condition: {gte: 1}}", "timespan: expected a number with"),
        ("{type: event_count, rules: [a], timespan: 0m, condition: {gte: 1}}", "timespan: expected a number with"),
        ("{type: event_count, rules: [a], timespan: 5, condition: {gte: 1}}", "such as 5m, got 5"),
        ("{type: event_count, timespan: 5m, condition: {gte: 1}}", "rules: expected the names or ids of rules"),
        ("{type: event_count, rules: [5], timespan: 5m, condition: {gte: 1}}", "rules.0: expected a text, got 5"),
        ("{type: event_count, rules: [x], timespan: 5m, condition: {gte: 1}}", "there is no rule with the id or"),
        ("{COUNT}", "condition: expected a comparison such as gte: 10"),
        ("{COUNT, condition: a}", "condition: expected a comparison such as"),
        ("{COUNT, condition: {}}", "condition: expected one of gt, gte, lt"),
        ("{COUNT, condition: {ge: 1}}", "condition: expected gt, gte,"),
        ("{COUNT, condition: {gte: x}}", "condition.gte: expected a number, got 'x'"),
        ("{COUNT, condition: {gte: .nan}}", "condition.gte: expected a number"),
        ("{COUNT, condition: {gte: 1, field: x}}", "event_count takes no field"),
        ("{type: value_count, rules: [a], timespan: 5m, condition: {gte: 1}}", "value_count needs a field"),
        ("{type: value_sum, rules: [a], timespan: 5m, condition: {gt: 1, field: u, percentile: 5}}", "percentile only"),
        ("{type: event_count, rules: [a], group_by: [x], timespan: 5m, condition: {gte: 1}}", "got 'group_by'"),
        ("{type: temporal, rules: [a, b], timespan: 5m, condition: a and}", "condition: 'a and' is not a condition"),
        ("{type: temporal, rules: [a, b], timespan: 5m, condition: 1 of a*}", "condition: expected names of rules"),
        ("{type: temporal, rules: [a, b], timespan: 5m, condition: a}", "no other; not so with b"),
        ("{type: absence, rules: [a], timespan: 5m, condition: {lt: 1}}", "condition: absence has no condition"),
        ("{type: temporal, rules: [a], timespan: 5m, generate: 1}", "generate: expected true or false"),
        ("{type: temporal, rules: [a], timespan: 5m, aliases: {x: y}}", "aliases.x: expected the field of every rule"),
        ("{type: temporal, rules: [a], timespan: 5m, aliases: {x: {c: y}}}", "aliases.x: there is no rule"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(fields: str, told: str) -> None:
    """A correlation that is wrong is refused, and the rules that it refers to are still there."""
    found, (problem,) = read(over(fields.replace("COUNT", "type: event_count, rules: [a], timespan: 5m")))
    assert [each.about.title for each in found] == ["a", "b"]
    assert str(problem).startswith("1.yml:11: correlation")
    assert told in str(problem)


def test_what_refers_to_itself_is_refused() -> None:
    """Also through others, and with it all that refer to it; the rest is loaded."""
    one = "title: {0}\nname: {0}\ncorrelation: {{type: temporal, rules: [{1}], timespan: 5m}}\n---\n"
    text = base("a") + one.format("x", "a, y") + one.format("y", "z") + one.format("z", "x") + one.format("w", "z")
    found, told = read(text + one.format("v", "a"))
    assert [each.about.title for each in found] == ["a", "v"]
    assert len(told) == 4
    assert "refers to itself, through 'x'" in " ".join(map(str, told))
    assert not found[0].raises


def test_names_that_are_given_twice_elsewhere_are_ambiguous() -> None:
    """Of two rules with a name in other files none is taken: both places are told."""
    outer = "title: O\ncorrelation: {type: event_count, rules: a, timespan: 1m, condition: {gte: 2}}\n"
    assert problems(outer, base("a"), base("a", logsource="{category: other}")) == [
        "1.yml:1: correlation.rules: several rules have the name 'a': 2.yml:1, 3.yml:1"
    ]
