"""The first half: samples to alert transitions, with Prometheus' semantics of `for` and `keep_firing_for`.

An alert is inactive, pending, firing or resolved. It becomes pending (with `for`) or firing when the expression yields
its labels; firing when that has held for `for`; inactive or resolved when it no longer does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.core.compiled import CompiledRule, Templates
from engine.core.effects import Effect
from engine.core.program import AlertRule, RecordingRule
from engine.core.state import Alert, State
from engine.core.timers import Timer
from engine.promql import FloatArray, PromqlError, Vector, compile_expr
from engine.template import Template, TemplateError
from schemas.alerts import AlertState, AlertTransition
from schemas.audit import AuditEntry
from schemas.labels import METRIC_NAME, Labels, canonical
from schemas.reasons import Reason
from schemas.samples import STALE, format_value

ALERTNAME = "alertname"


class RuleFailedError(Exception):
    """The rule's result cannot be used: two of its elements became the same, or there are more than its limit."""


def evaluate(state: State, compiled: CompiledRule, now_ms: int, seq: int) -> list[Effect]:
    """Evaluate one rule at `now_ms`. An error changes nothing and is reported once, until it passes."""
    rule = compiled.rule
    try:
        result = compiled.plan.evaluate(state.store, now_ms)
        if isinstance(rule, AlertRule):
            effects = _Evaluation(state, compiled, rule, now_ms, seq).run(result)
        else:
            _record(state, rule, result, now_ms)
            effects = []
    except (PromqlError, RuleFailedError) as error:
        if state.failing.get(rule.id) == str(error):
            return []
        state.failing[rule.id] = str(error)
        return [AuditEntry(kind="decision", reason=Reason.EVALUATION_FAILED, rule=rule.name, detail=str(error))]
    state.failing.pop(rule.id, None)
    return effects


def remove_rule(state: State, rule: AlertRule, now_ms: int) -> list[Effect]:
    """Its trigger is gone from the program: what was active because of it is not."""
    effects: list[Effect] = []
    for alert in state.alerts.pop(rule.id, {}).values():
        effects += _transition(rule, alert, "resolved" if alert.firing else "inactive", now_ms, Reason.RULE_REMOVED)
    return effects


def remove_record(state: State, rule: RecordingRule, now_ms: int) -> None:
    """The rule is gone from the program: the series that it yielded end."""
    _append(state, state.recorded.pop(rule.id, ()), now_ms, STALE)


def alert_id(rule_id: str, labels: Sequence[tuple[str, str]]) -> str:
    """The digest that names an alert for ever: 16 hex digits."""
    parts = [rule_id, *(part for pair in labels for part in pair)]
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


def _record(state: State, rule: RecordingRule, result: Vector, now_ms: int) -> None:
    """Append what the expression yields; a series that it yielded before and no longer does has ended."""
    fixed = {METRIC_NAME: rule.name} | rule.labels
    series = tuple(canonical(dict(element) | fixed) for element, _ in result.items())
    now_there = set(series)
    if len(now_there) < len(series):
        raise RuleFailedError("vector contains metrics with the same labelset after applying rule labels")
    if rule.limit and len(series) > rule.limit:
        raise RuleFailedError(f"exceeded limit of {rule.limit} with {len(series)} series")
    _append(state, [labels for labels in state.recorded.get(rule.id, ()) if labels not in now_there], now_ms, STALE)
    _append(state, series, now_ms, result.values)
    state.recorded[rule.id] = series


def _append(state: State, series: Sequence[Labels], now_ms: int, values: FloatArray | float) -> None:
    if series:
        state.store.append(state.store.rows(series), now_ms, np.broadcast_to(values, len(series)))


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """One evaluation of one alert rule."""

    state: State
    compiled: CompiledRule
    rule: AlertRule
    now_ms: int
    seq: int

    def run(self, result: Vector) -> list[Effect]:
        """Bring the rule's alerts in step with what its expression yields."""
        active = self.state.alerts.get(self.rule.id, {})
        if not len(result) and not active:
            return []
        holding = self._holding(result)
        self._check_limit(
            len(holding) + sum(self._is_kept(active[labels]) for labels in active if labels not in holding)
        )
        effects: list[Effect] = []
        for labels, (element, value) in holding.items():
            alert = active.get(labels)
            if alert is None:
                alert = active[labels] = self._begin(labels, value)
                effects += self._advance(alert, element, began=True)
            else:
                alert.value, alert.cleared_ms = value, None
                effects += self._advance(alert, element, began=False)
        for labels in [labels for labels in active if labels not in holding]:
            if cleared := self._clear(active[labels]):
                effects += cleared
                del active[labels]
        if active:
            self.state.alerts[self.rule.id] = active
        else:
            self.state.alerts.pop(self.rule.id, None)
        return effects

    def _holding(self, result: Vector) -> dict[Labels, tuple[Mapping[str, str], float]]:
        """What the expression yields: labels of the alert → (labels of the element, value)."""
        holding: dict[Labels, tuple[Mapping[str, str], float]] = {}
        for source, value in result.items():
            element = dict(source)  # templates see the metric's name, which the alert does not have
            own = {name: text for name, text in source if name != METRIC_NAME}
            labels = canonical(own | self._render(self.compiled.labels, element, value) | {ALERTNAME: self.rule.name})
            if labels in holding:
                raise RuleFailedError("vector contains metrics with the same labelset after applying alert labels")
            holding[labels] = (element, value)
        return holding

    def _check_limit(self, count: int) -> None:
        if self.rule.limit and count > self.rule.limit:
            raise RuleFailedError(f"exceeded limit of {self.rule.limit} with {count} alerts")

    def _begin(self, labels: Labels, value: float) -> Alert:
        return Alert(
            id=alert_id(self.rule.id, labels),
            labels=labels,
            annotations={},
            value=value,
            onset=self.seq,
            active_at_ms=self.now_ms,
        )

    def _advance(self, alert: Alert, element: Mapping[str, str], *, began: bool) -> list[Effect]:
        """The expression holds for this alert."""
        held = self.now_ms - alert.active_at_ms >= self.rule.for_ms
        if alert.firing or not (held or began):
            return []
        alert.annotations = self._render(self.compiled.annotations, element, alert.value)
        if not held:
            self._again_at(alert.active_at_ms + self.rule.for_ms)
            return self._transition(alert, "pending", Reason.CONDITION_MET)
        alert.fired_at_ms = self.now_ms
        return self._transition(alert, "firing", Reason.HELD_FOR_DURATION if self.rule.for_ms else Reason.CONDITION_MET)

    def _clear(self, alert: Alert) -> list[Effect]:
        """The expression does not, or no longer, hold for this alert; nothing while it is kept firing."""
        if self._is_kept(alert):
            if alert.cleared_ms is None:
                alert.cleared_ms = self.now_ms
                self._again_at(self.now_ms + self.rule.keep_firing_for_ms)
            return []
        return self._transition(alert, "resolved" if alert.firing else "inactive", Reason.CONDITION_CLEARED)

    def _is_kept(self, alert: Alert) -> bool:
        """Whether the alert goes on firing though its expression no longer holds."""
        cleared_ms = self.now_ms if alert.cleared_ms is None else alert.cleared_ms
        return alert.firing and self.now_ms - cleared_ms < self.rule.keep_firing_for_ms

    def _transition(self, alert: Alert, reached: AlertState, reason: Reason) -> list[Effect]:
        return _transition(self.rule, alert, reached, self.now_ms, reason)

    def _again_at(self, due_ms: int) -> None:
        self.state.timers.set(Timer(due_ms, "evaluate", self.compiled.place, self.rule.id))

    def _render(self, templates: Templates, element: Mapping[str, str], value: float) -> dict[str, str]:
        return {name: self._text(template, element, value) for name, template in templates}

    def _text(self, template: Template, element: Mapping[str, str], value: float) -> str:
        """As in Prometheus, an alert whose template fails still fires, and says so in that text."""
        try:
            return template.render(element, value, query=self._query)
        except (TemplateError, PromqlError) as error:
            return f"<error expanding template: {error}>"

    def _query(self, text: str) -> Sequence[tuple[Labels, float]]:
        """The `query` function of templates: an instant query on the present state."""
        plan = compile_expr(text, subquery_step_ms=self.state.settings.evaluation_interval_ms)
        return list(plan.evaluate(self.state.store, self.now_ms).items())


def _transition(rule: AlertRule, alert: Alert, reached: AlertState, now_ms: int, reason: Reason) -> list[Effect]:
    transition = AlertTransition(
        id=alert.id,
        alertname=rule.name,
        state=reached,
        labels=dict(alert.labels),
        annotations=alert.annotations,
        value=format_value(alert.value),
        rule=rule.id,
        onset=alert.onset,
        active_at_ms=alert.active_at_ms,
        fired_at_ms=alert.fired_at_ms,
        time_ms=now_ms,
    )
    entry = AuditEntry(
        kind="transition", reason=reason, rule=rule.name, alert=alert.id, onset=alert.onset, state=reached
    )
    return [transition, entry]
