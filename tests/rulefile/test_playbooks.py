"""Playbooks: their files become what the core runs; those that run others are checked against them."""

import pytest

from engine.core.policy import Approval
from engine.core.program import Parameter, Playbook, Program, Step, Verify
from engine.rulefile import RuleErrors, load
from tests.rulefile.verbs import VERBS

FIX = """
playbook: fix
version: 3
summary: what it does
parameters:
  workload:
  replicas: {type: integer, default: 3, min: 1, max: 9, summary: how many}
  wait: {type: duration, default: 10s, max: 1m}
steps:
- scale: {workload: "{{ $params.workload }}", replicas: "{{ $params.replicas }}"}
  name: grow
  timeout: 1m
  retry: 2
  verify: {expr: 'up{workload="{{ $params.workload }}"} == 1', within: 1m, hold: 5s}
  compensate:
    rollback: {workload: "{{ $params.workload }}"}
- gate: {expr: up == 1, within: 1m}
- gate: {probe: "{{ $params.wait }}", within: 1m, hold: 5s}
- pause: 30s
- approval: {by: [sre, dan], count: 2, deadline: 1h, lapse: proceed}
- parallel:
  - [{page: {receiver: oncall}}]
  - - playbook: {name: other, a: "{{ $params.workload }}", b: 5}
      verify: {expr: up == 1, within: 1m}
    - pause: 1s
  timeout: 10m
"""
OTHER = "playbook: other\nparameters: {a: , b: {type: integer, default: 1}}\nsteps:\n"
OTHER += '- restart: {workload: "{{ $params.a }}", replica: "{{ $params.b }}"}\n'
POLICY = "groups: {sre: [ann, bob]}\n"
HEAL = """
groups:
- name: g
  rules:
  - {{alert: A, expr: sum by (workload) (up) == 0}}
  - heal: H
    alert: A
    steps:
    - playbook: {{name: other, {given}}}
      verify: {{expr: up == 1, within: 1m}}
    - page: {{receiver: oncall}}
"""
CALL = "playbook: {name}\nsteps: [{{playbook: {{name: {called}}}}}]\n"


def program(*texts: str) -> Program:
    files = {f"{nth}.yaml": text for nth, text in enumerate(texts)}
    return load(files | {"policy.yaml": POLICY}, VERBS)


def errors(*texts: str) -> list[str]:
    with pytest.raises(RuleErrors) as caught:
        program(*texts)
    return str(caught.value).splitlines()


def test_a_file_becomes_what_the_core_runs() -> None:
    """With probes as the metric that they write, and groups of people as those in them."""
    fix, _ = program(FIX, OTHER).playbooks
    up = Verify(expr="up == 1", within_ms=60_000)
    assert fix == Playbook(
        name="fix",
        version=3,
        source="0.yaml:2",
        summary="what it does",
        parameters=(
            Parameter(name="workload"),
            Parameter(name="replicas", type="integer", default="3", least=1, most=9, summary="how many"),
            Parameter(name="wait", type="duration", default="10s", most=60),
        ),
        steps=(
            Step(
                verb="scale",
                name="grow",
                args={"workload": "{{ $params.workload }}", "replicas": "{{ $params.replicas }}"},
                timeout_ms=60_000,
                retries=2,
                verify=Verify(expr='up{workload="{{ $params.workload }}"} == 1', within_ms=60_000, hold_ms=5_000),
                compensate=Step(verb="rollback", args={"workload": "{{ $params.workload }}"}),
            ),
            Step(verb="gate", kind="gate", verify=up),
            Step(
                verb="gate",
                kind="gate",
                verify=Verify(
                    expr='probe_success{instance="{{ $params.wait }}"} == 1', within_ms=60_000, hold_ms=5_000
                ),
            ),
            Step(verb="pause", kind="pause", pause_ms=30_000),
            Step(
                verb="approval",
                kind="approval",
                approval=Approval(
                    source="0.yaml:20", by=("ann", "bob", "dan"), count=2, deadline_ms=3_600_000, lapse="proceed"
                ),
            ),
            Step(
                verb="parallel",
                kind="parallel",
                timeout_ms=600_000,
                branches=(
                    (Step(verb="page", args={"receiver": "oncall"}),),
                    (
                        Step(
                            verb="playbook",
                            kind="playbook",
                            name="other",
                            args={"a": "{{ $params.workload }}", "b": "5"},
                            verify=up,
                        ),
                        Step(verb="pause", kind="pause", pause_ms=1_000),
                    ),
                ),
            ),
        ),
    )


def test_a_ladder_may_run_a_playbook() -> None:
    """As any of its steps."""
    heal = program(HEAL.format(given='a: "{{ $labels.workload }}"'), OTHER).heals[0]
    assert (heal.steps[0].kind, heal.steps[0].name) == ("playbook", "other")
    assert heal.steps[0].args == {"a": "{{ $labels.workload }}"}
    assert heal.steps[0].verify == Verify(expr="up == 1", within_ms=60_000)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("b: 2", "steps[0].playbook: the parameter `a` is required"),
        ("a: x, b: two", 'steps[0].playbook.b: expected a whole number, got "two"'),
        ("a: x, bb: 2", 'steps[0].playbook.bb: "other" has no such parameter, did you mean "b"?'),
        (
            'a: "{{ $labels.workloat }}"',
            'steps[0].playbook.a: "A" has no label "workloat", did you mean "workload"?',
        ),
    ],
)
def test_what_a_ladder_runs_a_playbook_with_is_checked(given: str, said: str) -> None:
    """Against the parameters, and against the alert's labels."""
    (error,) = errors(HEAL.format(given=given), OTHER)
    assert error.endswith(said)


def test_a_playbook_that_there_is_not_is_named() -> None:
    """With the one that was probably meant; one that is only not valid is there."""
    (error,) = errors(HEAL.format(given="a: x").replace("other", "othr"), OTHER)
    assert error.endswith('steps[0].playbook.name: there is no playbook "othr", did you mean "other"?')
    broken = OTHER.replace("steps:", "stops:")
    assert all(error.startswith("1.yaml") for error in errors(HEAL.format(given="c: x"), broken))
    (error,) = errors(HEAL.format(given="a: x").replace("name: other, ", ""), OTHER)
    assert error.endswith("steps[0].playbook: the argument `name` is required")


def test_versions_live_side_by_side() -> None:
    """What runs a playbook runs its newest one, and is checked against that; the same version twice is a mistake."""
    newer = OTHER.replace("other\n", "other\nversion: 2\n").replace("{a: ,", "{a: {default: x},")
    assert len(program(HEAL.format(given="b: 2"), OTHER, newer).playbooks) == 2
    assert errors(FIX, OTHER, OTHER) == [
        '2.yaml:1:1: playbook "other": version: version 1 of "other" is there twice; the first is 1.yaml'
    ]


def test_a_circle_is_told_once() -> None:
    """By the way that it goes."""
    a, b, c = (CALL.format(name=name, called=called) for name, called in (("a", "b"), ("b", "c"), ("c", "a")))
    assert errors(c, b, a) == ['2.yaml:2:27: playbook "a": steps[0].playbook.name: would run itself: a → b → c → a']
    into = CALL.format(name="d", called="a")
    assert len(errors(a, b, c, into)) == 1


def test_many_playbooks_that_run_each_other_are_checked_at_once() -> None:
    """However many ways lead from one to another."""
    width, layers = 3, 12
    texts = [
        f"playbook: p{layer}-{each}\nsteps:\n"
        + "".join(f"- playbook: {{name: p{layer + 1}-{below}}}\n" for below in range(width))
        for layer in range(layers)
        for each in range(width)
    ]
    ends = [f"playbook: p{layers}-{each}\nsteps: [{{pause: 1s}}]\n" for each in range(width)]
    assert len(program(*texts, *ends).playbooks) == width * (layers + 1)


def test_what_a_playbook_takes_at_once_is_bounded() -> None:
    """With all that runs within it, however it is nested: each step at once is a ladder, and a command under way."""
    wide = "playbook: {name}\nsteps:\n- pause: 1s\n- parallel: [{branches}]\n"
    leaf = wide.format(name="leaf", branches=", ".join(["[{pause: 1s}, {pause: 2s}]"] * 10))
    calls = "[{playbook: {name: leaf}}]"
    assert program(leaf, wide.format(name="all", branches=", ".join([calls] * 10))).playbooks
    told = "takes {} steps at once, with all that it runs, expected at most 100"
    assert errors(leaf, wide.format(name="all", branches=", ".join([calls] * 11))) == [
        '1.yaml:4:3: playbook "all": steps[1].parallel: ' + told.format(110)
    ]
    nested = f"[{{parallel: [{', '.join(['[{pause: 1s}]'] * 101)}]}}], [{{pause: 1s}}]"
    assert told.format(102) in errors(wide.format(name="all", branches=nested))[0]


def test_a_policy_names_a_playbook_with_its_version() -> None:
    """One that there is not is a mistake, as is a rule."""
    bounds = "limits: [{per: all, rules: [NAME], concurrency: 1}]\n"
    load({"policy.yaml": bounds.replace("NAME", "other@1"), "o.yaml": OTHER}, VERBS)
    with pytest.raises(RuleErrors, match="no rule that acts has the name 'other@2'"):
        load({"policy.yaml": bounds.replace("NAME", "other@2"), "o.yaml": OTHER}, VERBS)
