"""The verdict on promtool's files: what its clock evaluates when, and what its cases compare."""

from pathlib import Path

import pytest

from tests.ruletest.site import problems, verdict

DOWN_FROM_1M = """
tests:
- interval: 1m
  input_series:
  - {series: 'up{job="a"}', values: 1 0x10}
  alert_rule_test:
"""
EXPECTED = """
    exp_alerts: [{exp_labels: {severity: page, job: a}, exp_annotations: {summary: a is down}}]
"""


@pytest.mark.parametrize(("eval_time", "fires"), [("0", False), ("2m59s", False), ("3m", True), ("3m30s", True)])
def test_an_alert_is_as_of_the_evaluation_before_its_time(tmp_path: Path, eval_time: str, fires: bool) -> None:
    """Rules are evaluated every minute: `for: 2m` from 1m on is over at 3m, and stays so until the next evaluation."""
    case = f"  - eval_time: {eval_time}\n    alertname: Down"
    assert verdict(tmp_path, DOWN_FROM_1M + case + (EXPECTED if fires else "")).problems == ()
    assert not verdict(tmp_path, DOWN_FROM_1M + case + ("" if fires else EXPECTED)).passed


def test_a_failure_shows_expected_and_got_side_by_side(tmp_path: Path) -> None:
    """With its place, its test and its case; what is equal stands unmarked."""
    case = "  - {eval_time: 5m, alertname: Down, exp_alerts: [{exp_labels: {severity: page, job: b}}]}"
    (problem,) = problems(verdict(tmp_path, DOWN_FROM_1M + case))
    assert problem.splitlines() == [
        "rules_test.yaml:8:5: test #1: alert Down at 5m:",
        "    expected                                       got",
        '    {alertname="Down", job="b", severity="page"} | {alertname="Down", job="a", severity="page"}',
        "                                                 >   summary: a is down",
    ]


def test_two_alerts_are_two(tmp_path: Path) -> None:
    """One alert does not stand for two that are expected, nor two for one."""
    twice = (
        "    exp_alerts: &two [{exp_labels: &a {severity: page, job: a}, exp_annotations: &s {summary: a is down}}, "
    )
    twice += "{exp_labels: *a, exp_annotations: *s}]"
    assert not verdict(tmp_path, f"{DOWN_FROM_1M}  - eval_time: 5m\n    alertname: Down\n{twice}").passed


def test_an_alert_of_no_rule_is_not_firing_and_the_name_is_warned_of(tmp_path: Path) -> None:
    """As with promtool it passes, but a person should know."""
    found = verdict(tmp_path, DOWN_FROM_1M + "  - {eval_time: 5m, alertname: Dwon}")
    assert found.passed
    assert [warning.rpartition(": ")[2] for warning in found.warnings] == ["no rule defines the alert Dwon"]


RULES = """
groups:
- name: second
  rules:
  - {record: "b", expr: a * 10}
- name: first
  rules:
  - {record: "a", expr: x + 1}
"""
CHAIN = """
tests:
- input_series: [{series: x, values: 1 2 3}]
  promql_expr_test:
  - {expr: b, eval_time: 1m, exp_samples: [{labels: b, value: %s}]}
"""


@pytest.mark.parametrize(("order", "value"), [("first, second", 30), ("second, first", 20)])
def test_groups_are_evaluated_in_the_order_that_is_given(tmp_path: Path, order: str, value: int) -> None:
    """A recording rule sees what groups before its own have recorded in the same evaluation."""
    assert verdict(tmp_path, f"group_eval_order: [{order}]\n" + CHAIN % value, RULES).problems == ()


def test_a_group_named_twice_in_the_order_is_a_mistake(tmp_path: Path) -> None:
    """It cannot be in two places."""
    (problem,) = problems(verdict(tmp_path, "group_eval_order: [first, first]\n" + CHAIN % 1, RULES))
    assert problem == 'rules_test.yaml:2:19: group_eval_order: "first" stands in it twice'


def test_rules_are_evaluated_at_their_interval_and_not_at_that_of_the_samples(tmp_path: Path) -> None:
    """`evaluation_interval` is the rules', `interval` the samples'."""
    tests = """
evaluation_interval: 1m
tests:
- interval: 10s
  input_series: [{series: x, values: 0+1x12}]
  promql_expr_test:
  - {expr: a, eval_time: 1m50s, exp_samples: [{labels: a, value: 7}]}
  - {expr: x, eval_time: 1m50s, exp_samples: [{labels: x, value: 6}]}
"""
    assert verdict(tmp_path, tests, RULES).problems == ()


def test_samples_after_the_last_evaluation_do_not_exist(tmp_path: Path) -> None:
    """As in promtool, which loads samples for evaluations only: `x` at 1m50s above is that of 1m."""
    tests = """
tests:
- interval: 30s
  input_series: [{series: x, values: 1 2}]
  promql_expr_test:
  - {expr: x, eval_time: 30s, exp_samples: [{labels: x, value: 1}]}
"""
    assert verdict(tmp_path, tests, RULES).problems == ()


def test_templates_see_the_external_labels_and_the_value_of_the_moment(tmp_path: Path) -> None:
    """`$externalLabels` are the test's; an annotation is worded anew at each evaluation, not only when it fires."""
    rules = """
groups:
- name: g
  rules:
  - alert: High
    expr: x > 1
    labels: {site: "{{ $externalLabels.site }}"}
    annotations: {summary: "{{ $value }} in {{ $externalLabels.site }}"}
"""
    tests = """
tests:
- external_labels: {site: north}
  input_series: [{series: x, values: 2+1x9}]
  alert_rule_test:
  - eval_time: 5m
    alertname: High
    exp_alerts: [{exp_labels: {site: north}, exp_annotations: {summary: 7 in north}}]
"""
    assert verdict(tmp_path, tests, rules).problems == ()
    assert verdict(tmp_path, tests.replace("north", "south"), rules).problems == ()


def test_templates_see_the_external_url_and_the_name_of_the_metric(tmp_path: Path) -> None:
    """`$labels` is the element as the expression yields it; `ALERTS` shows a label that rendered to nothing."""
    rules = """
groups:
- name: g
  rules:
  - alert: Up
    expr: x
    labels: {metric: "{{ $labels.__name__ }}", gone: "{{ $labels.gone }}"}
    annotations: {url: "{{ $externalURL }} {{ .ExternalURL }}"}
"""
    tests = """
tests:
- external_url: http://here
  input_series: [{series: x, values: 1}]
  alert_rule_test:
  - {alertname: Up, exp_alerts: [{exp_labels: {metric: x}, exp_annotations: {url: http://here http://here}}]}
  promql_expr_test:
  - expr: ALERTS
    exp_samples:
    - {labels: 'ALERTS{alertname="Up", alertstate="firing", metric="x", gone="{{ $labels.gone }}"}', value: 1}
"""
    assert verdict(tmp_path, tests, rules).problems == ()


def test_two_rules_do_not_say_different_things_of_one_series(tmp_path: Path) -> None:
    """Alerts of the same name and labels that began at different times are one series with two values."""
    rules = """
groups:
- name: g
  rules:
  - {alert: Same, expr: vector(1)}
  - {alert: Same, expr: vector(time()) > 30}
"""
    tests = "tests: [{alert_rule_test: [{alertname: Same, eval_time: 1m}]}]"
    (problem,) = verdict(tmp_path, tests, rules).problems
    assert 'rule Same at 1m: two values at the same time: ALERTS_FOR_STATE{alertname="Same"} is 0 already' in problem


def test_alerts_are_series_that_expressions_can_ask_for(tmp_path: Path) -> None:
    """`ALERTS` says the state; `ALERTS_FOR_STATE` since when; both end with the alert."""
    tests = """
tests:
- input_series: [{series: 'up{job="a"}', values: 1 0x4 1x4}]
  promql_expr_test:
  - expr: ALERTS
    eval_time: 2m
    exp_samples: [{labels: 'ALERTS{alertname="Down", alertstate="pending", job="a", severity="page"}', value: 1}]
  - expr: ALERTS
    eval_time: 3m
    exp_samples: [{labels: 'ALERTS{alertname="Down", alertstate="firing", job="a", severity="page"}', value: 1}]
  - expr: ALERTS_FOR_STATE
    eval_time: 3m
    exp_samples: [{labels: 'ALERTS_FOR_STATE{alertname="Down", job="a", severity="page"}', value: 60}]
  - {expr: "{__name__=~'ALERTS.*'}", eval_time: 6m}
"""
    assert verdict(tmp_path, tests).problems == ()


@pytest.mark.parametrize("start", ["1704067200", "2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00"])
def test_time_can_start_anywhere(tmp_path: Path, start: str) -> None:
    """`start_timestamp` is Unix or RFC 3339; samples and cases count from there."""
    tests = f"""
tests:
- start_timestamp: {start}
  input_series: [{{series: x, values: 1 2 3}}]
  promql_expr_test:
  - {{expr: time(), eval_time: 2m, exp_samples: [{{value: 1704067320}}]}}
  - {{expr: x, eval_time: 1m, exp_samples: [{{labels: x, value: 2}}]}}
"""
    assert verdict(tmp_path, tests, RULES).problems == ()


@pytest.mark.parametrize(
    ("value", "fuzzy", "passes"),
    [
        ("3.0000000000000004", "false", False),
        ("3.0000000000000004", "true", True),
        ("3.0000000000000013", "true", False),
    ],
)
def test_neighbouring_floats_are_equal_only_when_asked(tmp_path: Path, value: str, fuzzy: str, passes: bool) -> None:
    """`fuzzy_compare` forgives the last digit and no more."""
    tests = f"fuzzy_compare: {fuzzy}\ntests:\n- input_series: [{{series: x, values: '{value}'}}]\n"
    tests += "  promql_expr_test: [{expr: x, exp_samples: [{labels: x, value: 3}]}]"
    assert verdict(tmp_path, tests, RULES).passed is passes


def test_an_expression_that_cannot_be_evaluated_fails_with_its_error(tmp_path: Path) -> None:
    """The other cases are checked all the same."""
    tests = "tests:\n- promql_expr_test:\n  - {expr: 'x +'}\n  - {expr: '1', exp_samples: [{value: 2}]}"
    first, second = problems(verdict(tmp_path, tests, RULES))
    assert first.startswith("rules_test.yaml:4:5: test #1: expr x + at 0s: parse error")
    assert second.splitlines()[1:] == ["    expected   got", "    {} 2     | {} 1"]


def test_a_rule_that_cannot_be_evaluated_ends_its_test(tmp_path: Path) -> None:
    """Which rule, when and why; nothing that follows could be trusted."""
    rules = "groups: [{name: g, rules: [{record: r, expr: 'x + on () x'}]}]"
    tests = """
tests:
- name: twins
  input_series: [{series: 'x{a="1"}', values: _ 1x9}, {series: 'x{a="2"}', values: _ 1x9}]
  promql_expr_test: [{expr: x, eval_time: 5m}]
"""
    (problem,) = problems(verdict(tmp_path, tests, rules))
    assert problem.startswith('rules_test.yaml:4:3: test "twins": rule r at 1m: found duplicate series')


def test_of_two_series_with_the_same_labels_the_last_counts(tmp_path: Path) -> None:
    """As promtool's loader has it."""
    tests = "tests:\n- input_series: [{series: x, values: '1'}, {series: 'x{}', values: '2'}]\n"
    tests += "  promql_expr_test: [{expr: x, exp_samples: [{labels: x, value: 2}]}]"
    assert verdict(tmp_path, tests, RULES).problems == ()
