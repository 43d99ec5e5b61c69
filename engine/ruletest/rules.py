"""What a test can see of the alerts, worded as Prometheus would word them at this moment.

Nothing here decides whether an alert is active; that is `engine.core.evaluate`'s.
"""

from collections.abc import Mapping

from engine.core.alerting import worded
from engine.core.detect import ABOUT_EVENTS
from engine.core.program import AlertRule
from engine.core.state import Alert, State
from engine.ruletest.compare import SeenAlert, seen
from schemas.labels import Labels, text


def firing(state: State, name: str) -> list[SeenAlert]:
    """The firing alerts of all rules of this name."""
    return [
        seen(dict(alert.labels), _worded(state, rule.id, alert))
        for rule in state.program.alerting
        if rule.name == name
        for alert in state.alerts.get(rule.id, {}).values()
        if alert.firing
    ]


def _worded(state: State, rule_id: str, alert: Alert) -> Mapping[str, str]:
    """Without what the engine itself says of the events."""
    return {name: said for name, said in worded(state, rule_id, alert).items() if name not in ABOUT_EVENTS}


class Said:
    """What the rules say of ALERTS_FOR_STATE at one moment: that two differ about a series is a failure."""

    def __init__(self) -> None:
        self._active_at_ms: dict[Labels, int] = {}

    def differently(self, state: State, rule: AlertRule) -> str:
        """What is wrong with the word of this rule, beside those before it."""
        for labels, alert in state.alerts.get(rule.id, {}).items():
            said_ms = self._active_at_ms.setdefault(labels, alert.active_at_ms)
            if said_ms != alert.active_at_ms:
                return f"two values at the same time: ALERTS_FOR_STATE{text(labels)} is {said_ms // 1000} already"
        return ""
