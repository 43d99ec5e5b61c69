"""Responses in unit tests: all their commands, and the undo when its time has come."""

from pathlib import Path

from tests.ruletest.site import problems, verdict

RULES = """
groups:
- name: g
  rules:
  - alert: Intruder
    expr: intruders > 0
  - respond: Contain
    alert: Intruder
    mode: auto
    steps:
    - collect: {workload: "{{ $labels.workload }}", evidence: [processes, auth_log]}
    - isolate: {workload: "{{ $labels.workload }}", revert_after: 1h}
    - page: {receiver: oncall}
"""
SHOP = """
evaluation_interval: 15s
tests:
- interval: 1m
  input_series: [{series: 'intruders{workload="shop"}', values: 0 1x90}]
  inventory:
  - {target: "workload:shop", attributes: {generation: 7}}
  - {target: "isolation:shop", attributes: {generation: 8}}
  - {target: "receiver:oncall"}
  outcomes:
  - {verb: isolate, undo: "isolation:shop", after: {generation: 8, isolated: true}}
  command_test:
  - eval_time: 1m
    exp_commands:
    - {verb: collect, target: "workload:shop", args: {workload: shop, evidence: "processes,auth_log"}}
    - {verb: isolate, target: "workload:shop", args: {workload: shop, revert_after: 1h}, condition: {generation: 7}}
    - {verb: page, target: "receiver:oncall"}
    exp_decisions:
    - {reason: REVERT_SCHEDULED, verb: release}
    - {reason: RESPONDED, rule: Contain}
  - eval_time: 60m
    exp_commands: []
  - eval_time: 61m
    exp_commands: [{verb: release, target: "isolation:shop", condition: {generation: 8}}]
    exp_decisions: [{reason: REVERTED}]
"""


def test_a_response_is_tested_with_its_undo(tmp_path: Path) -> None:
    """An hour passes in no time."""
    assert verdict(tmp_path, SHOP, RULES).problems == ()


def test_an_undo_that_cannot_be_is_a_mistake_of_the_test(tmp_path: Path) -> None:
    """What nothing undoes, and what the inventory does not have."""
    wrong = SHOP.replace('undo: "isolation:shop"', 'undo: "isolation:shed"')
    wrong = wrong.replace("  outcomes:", "  outcomes:\n  - {verb: page, undo: x}")
    found = problems(verdict(tmp_path, wrong, RULES))
    assert len(found) == 2
    assert "nothing undoes it" in found[0]
    assert "expected one of the inventory" in found[1]


def test_a_scale_is_tested_with_its_undo(tmp_path: Path) -> None:
    """The actuator of the test says what the target was before, as a real one does."""
    rules = RULES.replace("isolate: {", "scale: {replicas: 5, ")
    rules = rules.replace('    - collect: {workload: "{{ $labels.workload }}", evidence: [processes, auth_log]}\n', "")
    test = """
evaluation_interval: 15s
tests:
- interval: 1m
  input_series: [{series: 'intruders{workload="shop"}', values: 0 1x90}]
  inventory:
  - {target: "workload:shop", attributes: {generation: 7, replicas: 2}}
  - {target: "receiver:oncall"}
  command_test:
  - eval_time: 1m
    exp_commands:
    - {verb: scale, target: "workload:shop", args: {workload: shop, replicas: 5, revert_after: 1h}}
    - {verb: page, target: "receiver:oncall"}
  - eval_time: 62m
    exp_commands: [{verb: scale, target: "workload:shop", args: {replicas: 2}}]
    exp_decisions: [{reason: REVERTED}]
"""
    assert verdict(tmp_path, test, rules).problems == ()
