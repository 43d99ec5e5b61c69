"""An author is told, before the night, of steps that are never taken because anybody may have chosen their target."""

import pytest

from engine.rulefile.load import load_all
from engine.rulefile.sigma_cache import SigmaCache
from tests.rulefile.verbs import VERBS

RULES = """\
groups:
  - name: g
    rules:
      - record: failed_total
        logsource: {{product: linux}}
        detection: {{selection: {{message|contains: failed}}, condition: selection}}
        labels: {{workload: "{{{{ $labels.workload }}}}"}}
      - alert: Failed
        {alert}
      - heal: Restart
        alert: Failed
        {any_node}
        steps:
          - restart: {{workload: {workload}}}
          - page: {{receiver: "team-{{{{ $value }}}}"}}
"""
COUNTED = "expr: rate(failed_total[1m]) > 1"
MEASURED = "expr: failures > 1"
LABEL = '"{{ $labels.workload }}"'


def correlated(*group_by: str) -> str:
    return f"""logsource: {{product: linux}}
        detection: {{a: {{message: x}}, condition: a}}
        correlation: {{type: event_count, group-by: [{", ".join(group_by)}], timespan: 1m, condition: {{gte: 3}}}}"""


def told(alert: str, workload: str = LABEL, any_node: str = "mode: auto") -> list[str]:
    text = RULES.format(alert=alert, workload=workload, any_node=any_node)
    return [str(note) for note in load_all({"rules/a.yaml": text}, VERBS, SigmaCache()).notes]


@pytest.mark.parametrize("alert", [COUNTED, correlated("workload")])
def test_a_step_that_is_never_taken_is_told_of(alert: str) -> None:
    """With what would let it be."""
    (note,) = told(alert)
    assert note.startswith("rules/a.yaml:")
    assert 'group "g", rule "Restart": `restart` is never done: labels of Failed name its target' in note
    assert note.endswith("group the alert's events by `node`, or say `any_node: true`")


@pytest.mark.parametrize(
    ("alert", "workload", "any_node"),
    [
        (MEASURED, LABEL, "mode: auto"),
        (correlated("workload", "node"), LABEL, "mode: auto"),
        (COUNTED, "shop", "mode: auto"),
        (COUNTED, LABEL, "any_node: true"),
    ],
)
def test_of_others_nothing_is_told(alert: str, workload: str, any_node: str) -> None:
    """Of samples of collectors, a node's own events, a target that the rule names itself, and what is meant so."""
    assert told(alert, workload, any_node) == []
