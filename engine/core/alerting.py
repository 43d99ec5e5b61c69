"""What happens to alerts, whatever they are about: how they are named, worded and told of."""

import hashlib
from collections.abc import Mapping, Sequence

from engine.core.compiled import Templates
from engine.core.effects import Effect
from engine.core.program import AlertRule, EventRule
from engine.core.state import Alert, State
from engine.promql import PromqlError, compile_expr
from engine.template import Template, TemplateError
from schemas.alerts import AlertState, AlertTransition
from schemas.audit import AuditEntry
from schemas.labels import Labels
from schemas.reasons import Reason
from schemas.samples import format_value


def alert_id(rule_id: str, labels: Sequence[tuple[str, str]]) -> str:
    """The digest that names an alert for ever: 16 hex digits."""
    parts = [rule_id, *(part for pair in labels for part in pair)]
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


def worded(state: State, rule_id: str, alert: Alert) -> dict[str, str]:
    """The annotations of an active alert as of now, as Prometheus words them at each evaluation; of one about events,
    which are over, as of when it fired."""
    compiled = state.compiled.rules.get(rule_id)
    if compiled is None:
        return alert.annotations
    return render(state, compiled.annotations, alert.element, alert.value, state.now_ms)


def render(state: State, templates: Templates, element: Labels, value: float, now_ms: int) -> dict[str, str]:
    """The texts of the templates, for these labels and this value."""
    labels = dict(element)
    return {name: _text(state, template, labels, value, now_ms) for name, template in templates}


def _text(state: State, template: Template, labels: Mapping[str, str], value: float, now_ms: int) -> str:
    """As in Prometheus, an alert whose template fails still fires, and says so in that text."""

    def query(text: str) -> Sequence[tuple[Labels, float]]:
        plan = compile_expr(text, subquery_step_ms=state.settings.evaluation_interval_ms)
        return list(plan.evaluate(state.store, now_ms, state.settings.max_query_samples).items())

    try:
        settings = state.settings
        return template.render(labels, value, settings.external_labels, query, settings.external_url)
    except (TemplateError, PromqlError) as error:
        return f"<error expanding template: {error}>"


def transition(
    rule: AlertRule | EventRule, alert: Alert, reached: AlertState, now_ms: int, reason: Reason, detail: str = ""
) -> list[Effect]:
    """Tell of an alert that has reached a state, and why."""
    reached_now = AlertTransition(
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
        kind="transition",
        reason=reason,
        rule=rule.name,
        alert=alert.id,
        onset=alert.onset,
        state=reached,
        detail=detail,
    )
    return [reached_now, entry]
