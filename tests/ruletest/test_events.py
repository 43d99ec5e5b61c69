"""Alerts about events in unit tests: what comes in, and what of an alert is compared."""

from pathlib import Path

import pytest

from tests.ruletest.site import verdict

SPRAY = """
groups:
- name: g
  rules:
  - alert: Spray
    logsource: {service: sshd}
    detection: {failed: {outcome: failure}, condition: failed}
    correlation: {type: value_count, group-by: [ip], timespan: 1m, condition: {field: user, gte: 3}}
    labels: {severity: page}
    annotations: {summary: "{{ $labels.ip }} sprays"}
"""
TESTS = """
tests:
- input_events: [{times: 3, every: 10s, service: sshd, data: {outcome: failure, ip: 192.0.2.7, user: "u{n}"}}]
  alert_rule_test:
  - {eval_time: 19s, alertname: Spray}
  - {eval_time: 20s, alertname: Spray, exp_alerts: [{exp_labels: {severity: page, ip: 192.0.2.7}%s}]}
"""


@pytest.mark.parametrize(
    ("annotations", "passes"),
    [
        ("", True),
        (", exp_annotations: {summary: 192.0.2.7 sprays}", True),
        (", exp_annotations: {summary: something else}", False),
        (", exp_annotations: {}", False),
    ],
)
def test_annotations_are_compared_where_they_are_given(tmp_path: Path, annotations: str, passes: bool) -> None:
    """Promtool has no events, and so nothing to say of what is left out; `{}` says that there are none."""
    assert verdict(tmp_path, TESTS % annotations, SPRAY).passed == passes


def test_labels_always_are(tmp_path: Path) -> None:
    """Of another address it would be another alert."""
    tests = (TESTS % "").replace("ip: 192.0.2.7}}", "ip: 192.0.2.8}}")
    assert not verdict(tmp_path, tests, SPRAY).passed


def test_without_events_all_is_as_in_promtool(tmp_path: Path) -> None:
    """An alert that has annotations which the test does not name is not the one expected."""
    tests = """
tests:
- input_series: [{series: 'up{job="a"}', values: 0x5}]
  alert_rule_test: [{eval_time: 4m, alertname: Down, exp_alerts: [{exp_labels: {severity: page, job: a}}]}]
"""
    assert not verdict(tmp_path, tests).passed
