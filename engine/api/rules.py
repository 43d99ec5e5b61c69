"""The rules in their groups with what became of them, and the alerts."""

from collections.abc import Iterable, Sequence
from typing import Any

from engine.api import body
from engine.api.form import Form
from engine.api.jobs import Job
from engine.api.numbers import date, scientific
from engine.api.rule_filters import Page, Wanted
from engine.api.source import Source
from engine.core.alerting import worded
from engine.core.program import AlertRule, EventRule, RecordingRule
from engine.core.state import Alert, State
from engine.promql import on_one_line
from engine.sigma.model import Correlation
from schemas.labels import canonical

Rule = AlertRule | EventRule | RecordingRule

_RULE_COST = 50
_NEVER = "0001-01-01T00:00:00Z"
_STATES = ("inactive", "pending", "firing")


def alerts(source: Source, _: Form) -> Job:
    """`/api/v1/alerts`."""
    state = source.state()

    def answer() -> Any:
        rules = sorted(state.program.alerting, key=lambda rule: rule.place)
        return body.success(
            {"alerts": [_alert(state, rule, alert) for rule in rules for alert in _active(state, rule)]}
        )

    return Job(sum(map(len, state.alerts.values())) * _RULE_COST, answer)


def groups(source: Source, form: Form) -> Job:
    """`/api/v1/rules`. Raises `ApiError`."""
    wanted = Wanted(form)
    page = Page(form)
    state = source.state()

    def answer() -> Any:
        return body.success(page.of([group for group in _groups(state, wanted) if group["rules"]]))

    size = len(state.program.alerting) + len(state.program.records) + sum(map(len, state.alerts.values()))
    return Job(size * _RULE_COST, answer)


def _groups(state: State, wanted: Wanted) -> Iterable[dict[str, Any]]:
    rules: dict[tuple[str, str], list[Rule]] = {}
    every: list[Rule] = [*state.program.alerting, *state.program.records]
    for rule in sorted(every, key=lambda rule: rule.place):
        rules.setdefault((rule.source.rpartition(":")[0], rule.group), []).append(rule)
    for (file, name), members in rules.items():
        if wanted.group(file, name):
            yield _group(state, file, name, members, wanted)


def _group(state: State, file: str, name: str, members: Sequence[Rule], wanted: Wanted) -> dict[str, Any]:
    first = members[0]
    return {
        "name": name,
        "file": file,
        "rules": [_rule(state, rule, wanted.without_alerts) for rule in members if wanted.rule(rule)],
        "interval": _seconds(_interval_ms(first) or state.settings.evaluation_interval_ms),
        "limit": first.limit,
        "evaluationTime": 0,
        "lastEvaluation": _evaluated(state, first),
    }


def _rule(state: State, rule: Rule, without_alerts: bool) -> dict[str, Any]:
    error = state.failing.get(rule.id)
    known = "ok" if isinstance(rule, EventRule) or rule.id in state.evaluated_ms else "unknown"
    health = {"health": "err", "lastError": error} if error else {"health": known}
    evaluated = {"evaluationTime": 0, "lastEvaluation": _evaluated(state, rule)}
    common = {"name": rule.name, "query": _query(rule), "labels": dict(canonical(rule.labels))}
    if isinstance(rule, RecordingRule):
        return common | health | evaluated | {"type": "recording"}
    active = _active(state, rule)
    alerting = {
        "state": _STATES[max((1 + alert.firing for alert in active), default=0)],
        "duration": 0 if isinstance(rule, EventRule) else _seconds(rule.for_ms),
        "keepFiringFor": _seconds(rule.keep_firing_for_ms),
        "annotations": dict(canonical(rule.annotations)),
        "alerts": None if without_alerts else [_alert(state, rule, alert) for alert in active],
    }
    return common | alerting | health | evaluated | {"type": "alerting"}


def _evaluated(state: State, rule: Rule) -> str:
    evaluated_ms = state.evaluated_ms.get(rule.id)
    return _NEVER if evaluated_ms is None else date(evaluated_ms)


def _seconds(duration_ms: int) -> float:
    """Without a point where it is whole."""
    return duration_ms / 1000 if duration_ms % 1000 else duration_ms // 1000


def _query(rule: Rule) -> str:
    """The expression; of a rule over events, which log source or how many rules it looks at, for there is none."""
    if not isinstance(rule, EventRule):
        return on_one_line(rule.expr)
    if isinstance(rule.does, Correlation):
        return f"{rule.does.type} of {len(rule.does.rules)} rules"
    source = rule.does.logsource
    return f"events of {source.product or '*'}/{source.category or '*'}/{source.service or '*'}"


def _interval_ms(rule: Rule) -> int | None:
    return None if isinstance(rule, EventRule) else rule.interval_ms


def _active(state: State, rule: AlertRule | EventRule) -> Sequence[Alert]:
    return list(state.alerts.get(rule.id, {}).values())


def _alert(state: State, rule: AlertRule | EventRule, alert: Alert) -> dict[str, Any]:
    kept = {} if alert.cleared_ms is None else {"keepFiringSince": date(alert.cleared_ms)}
    return {
        "labels": dict(alert.labels),
        "annotations": worded(state, rule.id, alert),
        "state": "firing" if alert.firing else "pending",
        "activeAt": date(alert.active_at_ms),
        "value": scientific(alert.value),
    } | kept
