"""The mistakes of a test's author: all at once, each with its place."""

from pathlib import Path

import pytest

from engine.ruletest import find, run
from tests.ruletest.site import problems, verdict


@pytest.mark.parametrize(
    ("tests", "message"),
    [
        ("colour: red", "2:1: colour: unknown field, expected one of evaluation_interval"),
        ("evaluation_interval: soon", '2:22: evaluation_interval: expected a duration such as 5m, got "soon"'),
        ("fuzzy_compare: maybe", "2:16: fuzzy_compare: "),
        ("tests: [{interval: 1m, interval: 2m}]", "2:24: tests[0].interval: is given twice"),
        ("tests: [{alert_rule_test: [{eval_time: 5m}]}]", "2:28: tests[0].alert_rule_test[0].alertname: is required"),
        ("tests: [{promql_expr_test: [{exp: up}]}]", 'unknown field, did you mean "expr"?'),
        ("tests: [{input_series: [{series: 'up{', values: '1'}]}]", "2:34: tests[0].input_series[0].series: expected"),
        ("tests: [{input_series: [{series: [up], values: '1'}]}]", "series: expected text, got a list"),
        ("tests: [{input_series: [{series: up, values: one}]}]", "2:46: tests[0].input_series[0].values: expected"),
        ("tests: [{start_timestamp: yesterday}]", 'expected a Unix time or RFC 3339, got "yesterday"'),
        ("tests: [{promql_expr_test: [{expr: a, exp_samples: [{value: many}]}]}]", 'expected a number, got "many"'),
        ("tests: [{command_test: [{exp_decisions: [{reason: COOL}]}]}]", 'did you mean "COOLDOWN"?'),
        ("tests: {}", "2:8: tests: expected a list, got a mapping"),
        ("tests: [{", "not YAML"),
    ],
)
def test_a_mistake_has_its_place(tmp_path: Path, tests: str, message: str) -> None:
    """File, line and column, the field, and what was expected."""
    assert [problem for problem in problems(verdict(tmp_path, tests)) if message in problem]


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    """One run of the command is enough to mend a file."""
    found = verdict(tmp_path, "tests:\n- interval: 1\n  colour: red\n  alert_rule_test: [{}]")
    assert [problem.split(":")[1] for problem in problems(found)] == ["3", "4", "5"]


def test_the_mistakes_of_its_rules_are_those_of_the_test(tmp_path: Path) -> None:
    """A rule file that does not load cannot be tested."""
    (problem,) = problems(verdict(tmp_path, "tests: []", "groups: [{name: g, rules: [{record: r, expr: x +}]}]"))
    assert problem.startswith('rules.yaml:1:46: group "g", rule "r": expr: bad PromQL')


def test_a_file_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    """Neither silence nor a traceback."""
    (problem,) = run(tmp_path / "none_test.yaml", {}).problems
    assert problem.endswith("none_test.yaml:1:1: cannot be read: No such file or directory")


def test_a_pattern_that_names_no_file_is_warned_of(tmp_path: Path) -> None:
    """As with promtool it passes, but a person should know."""
    file = tmp_path / "a_test.yaml"
    file.write_text("rule_files: [missing-*.yaml]\ntests: []\n")
    found = run(file, {})
    assert found.passed
    assert found.warnings == (f"{file}:1:14: no file matches missing-*.yaml",)


def test_a_folder_stands_for_its_test_files(tmp_path: Path) -> None:
    """Those that are named like tests, in their order, but nothing hidden."""
    for name in ("b_test.yaml", "a/c_tests.yml", "rules.yaml", "latest.yaml", ".old/d_test.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert [path.relative_to(tmp_path).as_posix() for path in find([tmp_path])] == ["a/c_tests.yml", "b_test.yaml"]


def test_targets_and_answers_must_be_of_known_kinds(tmp_path: Path) -> None:
    """A typo in the inventory is not a command that nobody sends."""
    tests = """
tests:
- inventory: [{target: "planet:mars"}]
  outcomes: [{verb: terraform}]
  command_test: [{eval_time: 1m}]
"""
    assert problems(verdict(tmp_path, tests)) == [
        "rules_test.yaml:4:24: test #1: target planet:mars: expected a kind that verbs act on",
        "rules_test.yaml:5:21: test #1: verb terraform: expected one of collect, isolate, page, release, restart, "
        "rollback, scale",
    ]
