"""The rules of a test as `engine.core` runs them, and what Prometheus shows of them beyond what the core keeps.

Nothing here decides whether an alert is active; that is `engine.core.evaluate`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np

from engine.core.compiled import Compiled, CompiledRule, Templates
from engine.core.evaluate import ALERTNAME, evaluate
from engine.core.program import AlertRule
from engine.core.state import Alert, State
from engine.promql import Store
from engine.ruletest.compare import SeenAlert, seen
from engine.template import Template
from engine.template.values import Query
from schemas.alerts import AlertTransition
from schemas.labels import METRIC_NAME, Labels, canonical, text
from schemas.samples import STALE, format_value

NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class _Outside(Template):
    """A template that knows the external labels and the URL of its group of tests."""

    known: Mapping[str, str] = field(default_factory=dict)
    url: str = ""

    def render(
        self,
        labels: Mapping[str, str],
        value: float,
        external_labels: Mapping[str, str] = NOTHING,
        query: Query | None = None,
        external_url: str = "",
    ) -> str:
        return Template.render(self, labels, value, {**self.known, **external_labels}, query, external_url or self.url)


def tell_external(compiled: Compiled, labels: Mapping[str, str], url: str) -> None:
    """Let the templates of all rules see these labels and this URL."""
    if labels or url:
        compiled.rules = {key: _telling(rule, labels, url) for key, rule in compiled.rules.items()}


def _telling(rule: CompiledRule, known: Mapping[str, str], url: str) -> CompiledRule:
    def outside(templates: Templates) -> Templates:
        return tuple(
            (name, _Outside(each.text, each.body, each.label_names, each.definitions, known, url))
            for name, each in templates
        )

    return replace(rule, labels=outside(rule.labels), annotations=outside(rule.annotations))


def firing(state: State, name: str) -> list[SeenAlert]:
    """The firing alerts of all rules of this name."""
    return [
        seen(dict(alert.labels), alert.annotations)
        for rule in state.program.alerts
        if rule.name == name
        for alert in state.alerts.get(rule.id, {}).values()
        if alert.firing
    ]


def renew_annotations(state: State, compiled: CompiledRule, now_ms: int) -> None:
    """Word the annotations of the active alerts anew, as Prometheus does at each evaluation.

    The core words them when an alert changes its state, so the alerts are asked for as if they all began now.
    """
    rule = compiled.rule
    active = state.alerts.get(rule.id)
    if not active or not isinstance(rule, AlertRule) or all(each.is_literal for _, each in compiled.annotations):
        return
    at_once = replace(compiled, rule=msgspec.structs.replace(rule, for_ms=0))
    for effect in evaluate(State(store=state.store), at_once, now_ms, 0):
        if isinstance(effect, AlertTransition):
            active[canonical(effect.labels)].annotations = effect.annotations


class AlertSeries:
    """The series `ALERTS` and `ALERTS_FOR_STATE`, which expressions can ask for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: dict[str, dict[Labels, float]] = {}
        self._newest: dict[Labels, tuple[int, float]] = {}

    def write(self, rule: AlertRule, active: Mapping[Labels, Alert], now_ms: int) -> str:
        """Append a sample for each active alert, and end the series of those that no longer are.

        Returns what is wrong: two rules can say different things of the same series.
        """
        series: dict[Labels, float] = {}
        for alert in active.values():
            # As in Prometheus, a label whose template has rendered to nothing stands here as it is in the rule.
            labels = {**rule.labels, **dict(alert.labels), ALERTNAME: rule.name}
            state = {METRIC_NAME: "ALERTS", "alertstate": "firing" if alert.firing else "pending"}
            series[canonical(labels | state)] = 1.0
            series[canonical(labels | {METRIC_NAME: "ALERTS_FOR_STATE"})] = float(alert.active_at_ms // 1000)
        ended = {labels: STALE for labels in self._written.get(rule.id, ()) if labels not in series}
        self._written[rule.id] = series
        if written := series | ended:
            self._store.append(self._store.rows(list(written)), now_ms, np.array(list(written.values())))
        for each, value in written.items():
            there_ms, there = self._newest.setdefault(each, (now_ms, value))
            if there_ms < now_ms:
                self._newest[each] = (now_ms, value)
            elif each in series and there != value:
                return f"two values at the same time: {text(each)} is {format_value(there)} already"
        return ""
