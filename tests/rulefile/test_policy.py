"""Mistakes in `policy.yaml` that would make a bound hold nothing, or forbid what is meant to be allowed."""

import pytest

from engine.rulefile import load
from engine.rulefile.errors import RuleErrors
from tests.rulefile.verbs import VERBS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "environments: {prod: {verbs: [restrat]}}",
            """1:31: environments.prod.verbs[0]: no actuator has the verb 'restrat', did you mean "restart"?""",
        ),
        (
            "approvals: [{verbs: [scal], by: [ann]}]",
            """1:22: approvals[0].verbs[0]: no actuator has the verb 'scal', did you mean "scale"?""",
        ),
        (
            "protected: [bus]",
            "1:13: protected[0]: names no target: expected its kind before it, such as workload:bus, got 'bus'",
        ),
        (
            "limits: [{per: all, concurrency: 1, targets: [a]}]",
            "1:47: limits[0].targets[0]: names no target: expected its kind before it, such as workload:a, got 'a'",
        ),
        (
            "blast_radius: [{max: 0%}]",
            '1:22: blast_radius[0].max: expected a number of replicas such as 3, or a share such as 25%, got "0%"',
        ),
        (
            'windows: [{name: w, effect: hold, cron: "0 0 30 2 *", duration: 1h}]',
            '1:41: windows[0].cron: never comes: "0 0 30 2 *"',
        ),
        (
            "freshness: {inventory: 1m}",
            "1:24: freshness.inventory: expected at least 2m, since actuators tell it once a minute, got 1m",
        ),
        ("notify: [oncall]\n---\nprotected: [x]", "3:1: a second document: expected one in this file"),
    ],
)
def test_a_bound_that_would_hold_nothing_is_refused(text: str, said: str) -> None:
    """A mistyped verb or target, a share of nothing, a day that never comes, what nobody would read."""
    with pytest.raises(RuleErrors) as refused:
        load({"policy.yaml": text}, VERBS)
    assert list(map(str, refused.value.errors)) == [f"policy.yaml:{said}"]


def test_what_stands_for_any_text_is_taken() -> None:
    """What it will fit is not known when the file is read."""
    text = "{environments: {'*': {verbs: ['re*']}}, protected: ['*bus'], approvals: [{verbs: ['*'], by: [ann]}]}"
    assert load({"policy.yaml": text}, VERBS).policy.protected == ("*bus",)
