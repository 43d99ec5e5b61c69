"""What a test can see of the alerts, worded as Prometheus would word them at this moment.

Nothing here decides whether an alert is active; that is `engine.core.evaluate`'s.
"""

from engine.core.evaluate import worded
from engine.core.state import State
from engine.ruletest.compare import SeenAlert, seen


def firing(state: State, name: str) -> list[SeenAlert]:
    """The firing alerts of all rules of this name."""
    return [
        seen(dict(alert.labels), worded(state, state.compiled.rules[rule.id], alert))
        for rule in state.program.alerts
        if rule.name == name
        for alert in state.alerts.get(rule.id, {}).values()
        if alert.firing
    ]
