"""Playbooks in unit tests: runs that are asked for, their commands in order, and how they stand."""

from pathlib import Path

from tests.ruletest.site import problems, verdict

FIX = """
playbook: fix
parameters: {workload: , replicas: {type: integer, default: 4}}
steps:
- scale: {workload: "{{ $params.workload }}", replicas: "{{ $params.replicas }}"}
  compensate: {scale: {workload: "{{ $params.workload }}", replicas: 2}}
- gate: {expr: 'up{workload="{{ $params.workload }}"} == 1', within: 2m, hold: 1m}
- approval: {by: [ann]}
- restart: {workload: "{{ $params.workload }}"}
"""
TESTS = """
evaluation_interval: 15s
tests:
- interval: 15s
  input_series: [{series: 'up{workload="shop"}', values: 0x8 1x80}]
  inventory:
  - {target: "workload:shop", attributes: {generation: 7, replicas: 2}}
  plays:
  - {at: 1m, playbook: fix, params: {workload: shop}}
  approvals:
  - {at: 5m, by: bob}
  - {at: 6m, by: ann}
  command_test:
  - eval_time: 1m
    exp_commands: [{verb: scale, target: "workload:shop", args: {workload: shop, replicas: 4}}]
    exp_runs: [{playbook: fix, step: 2}]
  - eval_time: 5m
    exp_runs: [{playbook: fix, step: 3}]
  - eval_time: 6m
    exp_commands: [{verb: restart, target: "workload:shop"}]
    exp_runs: [{playbook: fix, reason: COMPLETED}]
"""


def test_a_run_is_followed_from_step_to_step(tmp_path: Path) -> None:
    """It waits at its gate for samples, and for the person whose word is wanted."""
    found = verdict(tmp_path, TESTS, FIX)
    assert problems(found) == []
    assert found.cases == 3


def test_a_denial_compensates(tmp_path: Path) -> None:
    """What was done is undone, in a command that the test expects like any other."""
    denied = TESTS.replace("{at: 6m, by: ann}", "{at: 6m, by: ann, deny: true}").replace("COMPLETED", "COMPENSATED")
    denied = denied.replace('{verb: restart, target: "workload:shop"}', "{verb: scale, target: workload:shop}")
    assert problems(verdict(tmp_path, denied, FIX)) == []


def test_a_run_that_stands_otherwise_is_told(tmp_path: Path) -> None:
    """Beside how it was to stand."""
    wrong = TESTS.replace("{playbook: fix, reason: COMPLETED}", "{playbook: fix, reason: FAILED}, {playbook: fix}")
    (problem,) = problems(verdict(tmp_path, wrong, FIX))
    assert "runs at 6m" in problem
    assert "fix FAILED | fix COMPLETED" in problem


def test_what_cannot_be_run_is_a_mistake_of_the_test(tmp_path: Path) -> None:
    """At the place where it is asked for."""
    wrong = TESTS.replace("workload: shop}}\n  approvals", "replicas: x}}\n  - {playbook: fiks}\n  approvals")
    assert problems(verdict(tmp_path, wrong, FIX)) == [
        'rules_test.yaml:10:5: test #1: play of fix: workload: is required; replicas: expected a whole number, got "x"',
        "rules_test.yaml:11:16: test #1: play of fiks: expected one of fix@1",
    ]
