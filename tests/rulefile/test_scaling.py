"""Scale rules in files: what they say, what is left out, and what makes one the same rule."""

import pytest

from engine.core.program import Program
from engine.core.scaling.rule import DOWN, UP, Policy
from engine.core.verbs import Verb, verbs_by_name
from engine.rulefile import load
from tests.rulefile.verbs import SCALE, VERBS

DEPLOYMENTS = Verb(
    name="scale",
    actuator="kubernetes",
    targets={"deployment": ("namespace", "deployment"), "statefulset": ("namespace", "statefulset")},
    required=("replicas",),
    integers=("replicas",),
)
HEAD = "groups:\n- name: g\n  rules:\n"
SHORT = """\
  - scale: Workers
    workload: worker
    min: 2
    max: 20
    metrics: [{expr: sum(queue_depth), average_target: 100}]
"""
LONG = """\
  - scale: Web
    target: {deployment: web, namespace: shop}
    min: 2
    max: 9
    metrics:
      - {expr: 'rate(cpu[1m])', average_target: 0.5, per: pod, tolerance: 0.2}
      - {expr: latency, target: 2.5e-1}
    schedules:
      - {cron: "0 8 * * *", timezone: Europe/Berlin, duration: 2h, min: 4}
      - {cron: "@weekly", replicas: 3}
    behavior:
      scale_up: {stabilization: 1m, tolerance: 0.05, policies: [{type: percent, value: 50, period: 30s}]}
      scale_down: {select_policy: disabled}
    on_no_data: fallback
    fallback: 3
    mode: auto
    cooldown: 1m
"""


def loaded(*rules: str) -> Program:
    return load({"scale.yaml": HEAD + "".join(rules)}, verbs_by_name([SCALE, DEPLOYMENTS]))


def test_what_is_left_out_is_as_in_kubernetes() -> None:
    """A short rule has the behavior of the autoscaler by default, holds without data, and is in shadow."""
    (rule,) = loaded(SHORT).scales
    assert (rule.target, rule.args, rule.origin) == ("workload:worker", {"workload": "worker"}, "g/Workers")
    assert (rule.up, rule.down, rule.on_no_data, rule.mode, rule.cooldown_ms) == (UP, DOWN, "hold", "shadow", 0)
    assert (rule.metrics[0].target, rule.metrics[0].average, rule.metrics[0].per) == (100.0, True, "")


def test_everything_that_can_be_said() -> None:
    """Of two actuators that scale, the arguments tell which is meant."""
    program = loaded(LONG)
    (rule,) = program.scales
    assert (rule.target, rule.fallback, rule.cooldown_ms) == ("deployment:shop/web", 3, 60_000)
    assert [(each.target, each.average, each.per, each.tolerance) for each in rule.metrics] == [
        (0.5, True, "pod", 0.2),
        (0.25, False, "", None),
    ]
    assert [(each.zone, each.duration_ms, each.min, each.max) for each in rule.schedules] == [
        ("Europe/Berlin", 7_200_000, 4, None),
        ("UTC", None, 3, 3),
    ]
    assert (rule.least, rule.most) == (2, 9)
    assert (rule.up.stabilization_ms, rule.up.tolerance, rule.up.select) == (60_000, 0.05, "max")
    assert rule.up.policies == (Policy(kind="percent", value=50, period_ms=30_000),)
    assert (rule.down.policies, rule.down.select, rule.down.stabilization_ms) == (DOWN.policies, "disabled", 300_000)
    assert list(program.zones) == ["Europe/Berlin", "UTC"]


@pytest.mark.parametrize(
    ("edit", "by", "same"),
    [
        ("average_target: 100", "average_target: 50", True),
        ("max: 20", "max: 30", True),
        ("workload: worker", "workload: other", False),
        ("scale: Workers", "scale: Hands", False),
    ],
)
def test_an_edit_keeps_what_is_known_unless_it_is_another_workload(edit: str, by: str, same: bool) -> None:
    """What was recommended and changed is kept by the rule's id: its group, name and target."""
    (before,), (after,) = loaded(SHORT).scales, loaded(SHORT.replace(edit, by)).scales
    assert (before.id == after.id) is same


def test_the_interval_of_the_group_is_that_of_its_rules() -> None:
    """Without one they are decided on arrival."""
    (rule,) = load({"a.yaml": HEAD.replace("  rules", "  interval: 1m\n  rules") + SHORT}, VERBS).scales
    assert rule.interval_ms == 60_000
    assert loaded(SHORT).scales[0].interval_ms is None
