"""The live clock: what is evaluated on arrival, and which commands follow."""

from pathlib import Path

import pytest

from tests.ruletest.site import problems, verdict

RULES = """
groups:
- name: g
  rules:
  - alert: Down
    expr: up == 0
    labels: {severity: page}
  - heal: Restart
    alert: Down
    mode: auto
    steps:
    - restart: {workload: "{{ $labels.workload }}"}
      verify: {expr: 'up{workload="{{ $labels.workload }}"} == 1', within: 10s, hold: 0s}
    - rollback: {workload: "{{ $labels.workload }}"}
      verify: {expr: 'up{workload="{{ $labels.workload }}"} == 1', within: 10s, hold: 0s}
    - page: {receiver: oncall}
"""
SHOP = """
evaluation_interval: 15s
tests:
- interval: 1s
  input_series: [{series: 'up{workload="shop"}', values: 1x9 0x%d 1x60}]
  inventory:
  - target: workload:shop
    attributes: {generation: 7, previous_version: v1}
  - target: receiver:oncall
"""
RESTART = "{verb: restart, target: 'workload:shop', args: {workload: shop}, condition: {generation: 7}}"
ROLLBACK = "{verb: rollback, target: 'workload:shop', args: {workload: shop, to: v1}}"
PAGE = "{verb: page, target: 'receiver:oncall'}"


def case(eval_time: str, *commands: str, more: str = "") -> str:
    return f"  - {{eval_time: {eval_time}, exp_commands: [{', '.join(commands)}]{more}}}\n"


def test_a_command_is_sent_with_the_sample_that_breaks_the_rule(tmp_path: Path) -> None:
    """On arrival, between two evaluations of the grid; what is expected is the command with all that it depends on."""
    cases = case("9s") + case("10s", RESTART) + case("60s", more=", exp_decisions: [{reason: VERIFIED}]")
    assert verdict(tmp_path, SHOP % 3 + "  command_test:\n" + cases, RULES).problems == ()


def test_the_ladder_goes_on_to_the_end(tmp_path: Path) -> None:
    """What does not help in time is followed by the next step, in the end by a page."""
    cases = (
        case("19s", RESTART) + case("29s", ROLLBACK) + case("60s", PAGE, more=", exp_decisions: [{reason: EXHAUSTED}]")
    )
    assert verdict(tmp_path, SHOP % 90 + "  command_test:\n" + cases, RULES).problems == ()


def test_every_command_since_the_case_before_counts(tmp_path: Path) -> None:
    """Nothing that was sent goes unnoticed; a case without commands says that none was sent."""
    (problem,) = problems(verdict(tmp_path, SHOP % 90 + "  command_test:\n" + case("60s", RESTART), RULES))
    assert [line.partition("> ")[2] for line in problem.splitlines()[3:]] == [
        "rollback workload:shop to=v1 workload=shop",
        "page receiver:oncall receiver=oncall",
    ]


@pytest.mark.parametrize(
    ("answer", "by_15s"),
    [
        ("{verb: restart, status: failed}", [RESTART, ROLLBACK]),
        ("{verb: restart, status: failed, takes: 20s}", [RESTART]),
        ("{verb: restart, status: unknown}", [RESTART, PAGE]),
        ("{verb: restart, target: 'workload:other', status: failed}", [RESTART]),
    ],
)
def test_actuators_answer_as_the_test_says(tmp_path: Path, answer: str, by_15s: list[str]) -> None:
    """`outcomes` are by verb and target, take their time, and move the ladder as real ones do."""
    tests = f"{SHOP % 90}  outcomes: [{answer}]\n  command_test:\n{case('15s', *by_15s)}"
    assert verdict(tmp_path, tests, RULES).problems == ()


def test_an_effect_changes_the_inventory(tmp_path: Path) -> None:
    """`after` is what the next command finds."""
    tests = SHOP % 90 + "  outcomes: [{verb: restart, after: {previous_version: v0}}]\n  command_test:\n"
    assert verdict(tmp_path, tests + case("25s", RESTART, ROLLBACK.replace("v1", "v0")), RULES).problems == ()


def test_a_protected_target_is_left_alone(tmp_path: Path) -> None:
    """The guardrails are the real ones, and a decision is expected by its reason."""
    tests = (SHOP % 90).replace(
        "  - target: receiver", "    protected: true\n  - target: receiver"
    ) + "  command_test:\n"
    refused = ", exp_decisions: [{reason: PROTECTED, rule: Restart}, {reason: PROTECTED, verb: rollback}]"
    assert verdict(tmp_path, tests + case("12s", PAGE, more=refused[:-1] + ", {reason: DONE}]"), RULES).problems == ()


def test_the_engine_lives_while_nothing_happens(tmp_path: Path) -> None:
    """Rules of a slow group and few samples are no reason to settle: acts are not held."""
    slow = RULES.replace("- name: g", "- name: g\n  interval: 5m").replace("within: 10s", "within: 10m")
    tests = (SHOP % 90).replace("interval: 1s", "interval: 4m")
    cases = case("35m") + case("45m", RESTART, more=", exp_decisions: []")
    assert verdict(tmp_path, tests + "  command_test:\n" + cases, slow).problems == ()


def test_promtools_cases_can_run_live(tmp_path: Path) -> None:
    """On arrival an alert fires at the moment of its sample; on promtool's clock at the next evaluation."""
    cases = """
  alert_rule_test:
  - eval_time: 12s
    alertname: Down
    exp_alerts: [{exp_labels: {severity: page, workload: shop}}]
"""
    assert verdict(tmp_path, SHOP % 9 + cases, RULES, on_arrival=True).problems == ()
    assert not verdict(tmp_path, SHOP % 9 + cases, RULES).passed


def test_a_rule_that_fails_between_two_cases_is_noticed(tmp_path: Path) -> None:
    """Live too, a rule that cannot be evaluated ends the test, though it may have recovered since."""
    rules = "groups: [{name: g, rules: [{alert: A, expr: x + on () x}]}]"
    tests = """
evaluation_interval: 1s
tests:
- input_series: [{series: 'x{a="1"}', values: 1x9}, {series: 'x{a="2"}', values: _x3 1 stale}]
  interval: 1s
  promql_expr_test: [{expr: x, eval_time: 9s}]
"""
    (problem,) = problems(verdict(tmp_path, tests, rules, on_arrival=True))
    assert problem.startswith("rules_test.yaml:5:3: test #1: rule A at 3s: found duplicate series")
