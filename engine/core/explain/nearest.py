"""The alerts that a rule acts on, those nearest to firing first, and what is missing for them to fire."""

from collections.abc import Iterator, Sequence

from engine.core.compiled import CompiledRule
from engine.core.explain.told import Nearest, Why
from engine.core.program import AlertRule, EventRule
from engine.core.state import Alert, State
from engine.promql import PromqlError
from schemas.reasons import Reason

Active = tuple[AlertRule | EventRule, Alert]


def rules_of(state: State, alertname: str) -> list[AlertRule | EventRule]:
    """The rules that make alerts of this name."""
    return [rule for rule in state.program.alerting if rule.name == alertname]


def active(state: State, rules: Sequence[AlertRule | EventRule]) -> list[Active]:
    """Their active alerts, firing ones first."""
    found = [(rule, alert) for rule in rules for alert in state.alerts.get(rule.id, {}).values()]
    return sorted(found, key=lambda each: not each[1].firing)


def nearest(rule: AlertRule | EventRule, alert: Alert, *, ladder: str, target: str) -> Nearest:
    """An active one, for which the rule has, or would have, this ladder and target."""
    why = None
    if not alert.firing:
        for_ms = rule.for_ms if isinstance(rule, AlertRule) else 0
        detail = f"{rule.name} holds, and must for {for_ms / 1000:g} s"
        why = Why(reason=Reason.ALERT_PENDING, detail=detail, until_ms=alert.active_at_ms + for_ms, source=rule.source)
    return Nearest(
        alertname=rule.name,
        source=rule.source,
        state="firing" if alert.firing else "pending",
        why=why,
        labels=dict(alert.labels),
        alert=alert.id,
        ladder=ladder,
        target=target,
        since_ms=alert.fired_at_ms if alert.firing else alert.active_at_ms,
    )


def inactive(state: State, rules: Sequence[AlertRule | EventRule]) -> Iterator[Nearest]:
    """Those of the rules that have no active alert, each with the reason."""
    for rule in rules:
        if not state.alerts.get(rule.id):
            why = Why(reason=Reason.ALERT_INACTIVE, detail=_missing(state, rule), source=rule.source)
            if error := state.failing.get(rule.id):
                why = Why(reason=Reason.EVALUATION_FAILED, detail=error, source=rule.source)
            yield Nearest(alertname=rule.name, source=rule.source, state="inactive", why=why)


def _missing(state: State, rule: AlertRule | EventRule) -> str:
    if not isinstance(rule, AlertRule):
        return f"no event has fitted {rule.name} lately"
    compiled = state.compiled.rules.get(rule.id)
    selected = _selected(state, compiled) if compiled else ""
    return f"{rule.expr}: {selected}"


def _selected(state: State, compiled: CompiledRule) -> str:
    """What the expression has to go by; whoever sees that it selects nothing looks for the source, not for the load."""
    try:
        fresh = compiled.plan.freshness(state.store, state.now_ms)
    except PromqlError as error:
        return str(error)
    if not fresh.series:
        return "yields nothing, as there is no sample of what it selects"
    age_s = (state.now_ms - fresh.newest_ms) / 1000
    return f"yields nothing, of {fresh.series} series with samples of the last {age_s:g} s"
