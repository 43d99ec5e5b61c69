"""The first half: samples to alert transitions, with Prometheus' semantics of `for` and `keep_firing_for`.

An alert is inactive, pending, firing or resolved. It becomes pending (with `for`) or firing when the expression yields
its labels; firing when that has held for `for`; inactive or resolved when it no longer does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.core import writing
from engine.core.alerting import alert_id, render, transition
from engine.core.compiled import ALERTNAME, CompiledRule
from engine.core.destination import TooManySeriesError
from engine.core.effects import Effect
from engine.core.program import AlertRule
from engine.core.state import Alert, State
from engine.core.timers import Timer
from engine.promql import PromqlError, Vector
from schemas.alerts import AlertState
from schemas.audit import AuditEntry
from schemas.labels import METRIC_NAME, Labels, canonical
from schemas.reasons import Reason


class RuleFailedError(Exception):
    """The rule's result cannot be used: two of its elements became the same, or there are more than its limit."""


def evaluate(state: State, compiled: CompiledRule, now_ms: int, seq: int) -> list[Effect]:
    """Evaluate one rule at `now_ms`. An error changes nothing and is reported once, until it passes; that there is no
    room for ALERTS changes no alert either."""
    rule, effects = compiled.rule, list[Effect]()
    looked_at_ms = now_ms - rule.query_offset_ms
    state.evaluated_ms[rule.id] = now_ms
    if _is_idle(state, compiled, looked_at_ms):
        return effects
    try:
        result = compiled.plan.evaluate(state.store, looked_at_ms, state.settings.max_query_samples)
        if isinstance(rule, AlertRule):
            effects = _Evaluation(state, compiled, rule, now_ms, seq).run(result)
            writing.write_alerts(state, rule, compiled.destination, looked_at_ms)
        else:
            _record(state, compiled, result, looked_at_ms)
    except (PromqlError, RuleFailedError, TooManySeriesError) as error:
        if state.failing.get(rule.id) != str(error):
            state.failing[rule.id] = str(error)
            effects.append(
                AuditEntry(kind="decision", reason=Reason.EVALUATION_FAILED, rule=rule.name, detail=str(error))
            )
        return effects
    state.failing.pop(rule.id, None)
    return effects


def _is_idle(state: State, compiled: CompiledRule, looked_at_ms: int) -> bool:
    """Whether the rule has nothing to look at and yields nothing, as at its last evaluation.

    So the many rules of a large set that are about what is not there cost next to nothing.
    """
    rule, idle = compiled.rule.id, state.compiled.idle
    yields = rule in state.alerts or rule in state.written or rule in state.failing
    if yields or compiled.moves_by_itself or not compiled.plan.sees_nothing(state.store, looked_at_ms):
        idle.discard(rule)
        return False
    was_idle = rule in idle
    idle.add(rule)
    return was_idle


def remove_rule(state: State, rule: AlertRule, now_ms: int) -> list[Effect]:
    """Its trigger is gone from the program: what was active because of it is not."""
    effects: list[Effect] = []
    writing.end(state, rule)
    for alert in state.alerts.pop(rule.id, {}).values():
        effects += transition(rule, alert, "resolved" if alert.firing else "inactive", now_ms, Reason.RULE_REMOVED)
    return effects


def _record(state: State, compiled: CompiledRule, result: Vector, time_ms: int) -> None:
    """Append what the expression yields."""
    rule = compiled.rule
    result = result.on(compiled.named.of(result.index))
    if result.has_duplicates():
        raise RuleFailedError("vector contains metrics with the same labelset after applying rule labels")
    if rule.limit and len(result) > rule.limit:
        raise RuleFailedError(f"exceeded limit of {rule.limit} with {len(result)} series")
    writing.write(state, rule.id, compiled.destination, tuple(result.labels), result.values, time_ms)


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
            if alert and self._broke_again(alert):
                effects += self._reach(alert, "resolved", Reason.CONDITION_CLEARED)
                alert = None
            if began := alert is None:
                alert = active[labels] = self._begin(labels, element, value)
            alert.element, alert.value, alert.cleared_ms = element, value, None
            effects += self._advance(alert, began=began)
        for labels in [labels for labels in active if labels not in holding]:
            if cleared := self._clear(active[labels]):
                effects += cleared
                del active[labels]
        if active:
            self.state.alerts[self.rule.id] = active
        else:
            self.state.alerts.pop(self.rule.id, None)
        return effects

    def _holding(self, result: Vector) -> dict[Labels, tuple[Labels, float]]:
        """What the expression yields: labels of the alert → (labels of the element, value)."""
        pairs = zip(result.labels, result.values.tolist(), strict=True)
        holding = dict(zip(self._labels(result), pairs, strict=True))
        if len(holding) < len(result):
            raise RuleFailedError("vector contains metrics with the same labelset after applying alert labels")
        return holding

    def _check_limit(self, count: int) -> None:
        if self.rule.limit and count > self.rule.limit:
            raise RuleFailedError(f"exceeded limit of {self.rule.limit} with {count} alerts")

    def _labels(self, result: Vector) -> Iterator[Labels]:
        """The labels of the alert that each element is."""
        templates = self.compiled.labels
        for element, value in result.items():
            own = render(self.state, templates, element, value, self.now_ms) if templates else self.rule.labels
            yield canonical({**dict(element), METRIC_NAME: "", **own, ALERTNAME: self.rule.name})

    def _begin(self, labels: Labels, element: Labels, value: float) -> Alert:
        return Alert(
            id=alert_id(self.rule.id, labels),
            labels=labels,
            element=element,
            annotations={},
            value=value,
            onset=self.seq,
            active_at_ms=self.now_ms,
        )

    def _advance(self, alert: Alert, *, began: bool) -> list[Effect]:
        """The expression holds for this alert."""
        held = self.now_ms - alert.active_at_ms >= self.rule.for_ms
        if alert.firing or not (held or began):
            return []
        alert.annotations = render(self.state, self.compiled.annotations, alert.element, alert.value, self.now_ms)
        if not held:
            self._again_at(alert.active_at_ms + self.rule.for_ms)
            return self._reach(alert, "pending", Reason.CONDITION_MET)
        alert.fired_at_ms = self.now_ms
        return self._reach(alert, "firing", Reason.HELD_FOR_DURATION if self.rule.for_ms else Reason.CONDITION_MET)

    def _clear(self, alert: Alert) -> list[Effect]:
        """The expression does not, or no longer, hold for this alert; nothing while it is kept firing."""
        if self._is_kept(alert):
            if alert.cleared_ms is None:
                alert.cleared_ms = self.now_ms
                self._again_at(self.now_ms + self.rule.keep_firing_for_ms)
            return []
        return self._reach(alert, "resolved" if alert.firing else "inactive", Reason.CONDITION_CLEARED)

    def _broke_again(self, alert: Alert) -> bool:
        """Whether the expression holds again, while the alert is kept firing, after a ladder had verified that it
        helped. That is another episode, or it would find nobody: who heals is called when an alert begins to fire."""
        return alert.mended and alert.cleared_ms is not None

    def _is_kept(self, alert: Alert) -> bool:
        """Whether the alert goes on firing though its expression no longer holds."""
        cleared_ms = self.now_ms if alert.cleared_ms is None else alert.cleared_ms
        return alert.firing and self.now_ms - cleared_ms < self.rule.keep_firing_for_ms

    def _reach(self, alert: Alert, reached: AlertState, reason: Reason) -> list[Effect]:
        return transition(self.rule, alert, reached, self.now_ms, reason)

    def _again_at(self, due_ms: int) -> None:
        self.state.timers.set(Timer(due_ms, "evaluate", self.compiled.place, self.rule.id))
