"""The rules in their groups with what became of them, and the alerts."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from engine.api import body, parameters
from engine.api.errors import ApiError, bad_parameter
from engine.api.form import Form
from engine.api.jobs import Job
from engine.api.numbers import date, scientific
from engine.api.source import Source
from engine.core.program import AlertRule, RecordingRule
from engine.core.state import Alert, State
from engine.promql import Matchers, on_one_line, picks
from schemas.labels import canonical

Rule = AlertRule | RecordingRule

_RULE_COST = 50
_STATES = ("inactive", "pending", "firing")


def alerts(source: Source, _: Form) -> Job:
    """`/api/v1/alerts`."""
    state = source.state()

    def answer() -> Any:
        rules = sorted(state.program.alerts, key=lambda rule: rule.place)
        return body.success({"alerts": [_alert(alert) for rule in rules for alert in _active(state, rule)]})

    return Job(sum(map(len, state.alerts.values())) * _RULE_COST, answer)


def groups(source: Source, form: Form) -> Job:
    """`/api/v1/rules`. Raises `ApiError`."""
    wanted = _Wanted(form)
    page = _Page(form)
    state = source.state()

    def answer() -> Any:
        return body.success(page.of([group for group in _groups(state, wanted) if group["rules"]]))

    size = len(state.program.alerts) + len(state.program.records) + sum(map(len, state.alerts.values()))
    return Job(size * _RULE_COST, answer)


class _Wanted:
    """Which rules are asked for, and whether with their alerts. Raises `ApiError`."""

    def __init__(self, form: Form) -> None:
        self._kind = form.first("type").lower()
        if self._kind not in ("", "alert", "record"):
            raise bad_parameter("type", f"not supported value {parameters.quoted(self._kind)}")
        self._names = frozenset(form.every("rule_name[]"))
        self._groups = frozenset(form.every("rule_group[]"))
        self._files = frozenset(form.every("file[]"))
        self._sets: Sequence[Matchers] = parameters.matchers(form)
        self.without_alerts = parameters.truth(form, "exclude_alerts")

    def group(self, file: str, name: str) -> bool:
        return (not self._files or file in self._files) and (not self._groups or name in self._groups)

    def rule(self, rule: Rule) -> bool:
        kind = "alert" if isinstance(rule, AlertRule) else "record"
        labels = canonical(rule.labels)
        return (
            self._kind in ("", kind)
            and (not self._names or rule.name in self._names)
            and (not self._sets or any(picks(matchers, labels) for matchers in self._sets))
        )


class _Page:
    """So many groups at a time. Raises `ApiError`."""

    def __init__(self, form: Form) -> None:
        self._token = form.first("group_next_token")
        text = form.first("group_limit")
        if self._token and not text:
            problem = "group_limit needs to be present in order to paginate over the groups"
            raise bad_parameter("group_next_token", problem)
        self._most = parameters.whole(text, _no_number) if text else None
        if self._most is not None and self._most <= 0:
            raise bad_parameter("group_limit", "group_limit needs to be greater than 0")

    def of(self, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Raises `ApiError` for a token of other groups."""
        if self._most is None:
            return {"groups": found}
        tokens = [hashlib.sha1(f"{group['file']};{group['name']}".encode()).hexdigest() for group in found]
        if self._token and self._token not in tokens:
            problem = f"invalid group_next_token '{self._token}'. were rule groups changed?"
            raise bad_parameter("group_next_token", problem)
        first = tokens.index(self._token) if self._token else 0
        page: dict[str, Any] = {"groups": found[first : first + self._most]}
        return page | ({"groupNextToken": tokens[first + self._most]} if first + self._most < len(found) else {})


def _no_number(problem: str) -> ApiError:
    return bad_parameter("group_limit", f"group_limit needs to be a valid number: strconv.ParseInt: {problem}")


def _groups(state: State, wanted: _Wanted) -> Iterable[dict[str, Any]]:
    rules: dict[tuple[str, str], list[Rule]] = {}
    every: list[Rule] = [*state.program.alerts, *state.program.records]
    for rule in sorted(every, key=lambda rule: rule.place):
        rules.setdefault((rule.source.rpartition(":")[0], rule.group), []).append(rule)
    for (file, name), members in rules.items():
        if wanted.group(file, name):
            yield _group(state, file, name, members, wanted)


def _group(state: State, file: str, name: str, members: Sequence[Rule], wanted: _Wanted) -> dict[str, Any]:
    first = members[0]
    return {
        "name": name,
        "file": file,
        "rules": [_rule(state, rule, wanted.without_alerts) for rule in members if wanted.rule(rule)],
        "interval": _seconds(first.interval_ms or state.settings.evaluation_interval_ms),
        "limit": first.limit,
        "evaluationTime": 0,
        "lastEvaluation": _evaluated(state, first),
    }


def _rule(state: State, rule: Rule, without_alerts: bool) -> dict[str, Any]:
    error = state.failing.get(rule.id)
    health = {"health": "err", "lastError": error} if error else {"health": "ok"}
    evaluated = {"evaluationTime": 0, "lastEvaluation": _evaluated(state, rule)}
    common = {"name": rule.name, "query": on_one_line(rule.expr), "labels": dict(canonical(rule.labels))}
    if isinstance(rule, RecordingRule):
        return common | health | evaluated | {"type": "recording"}
    active = _active(state, rule)
    alerting = {
        "state": _STATES[max((1 + alert.firing for alert in active), default=0)],
        "duration": _seconds(rule.for_ms),
        "keepFiringFor": _seconds(rule.keep_firing_for_ms),
        "annotations": dict(canonical(rule.annotations)),
        "alerts": None if without_alerts else [_alert(alert) for alert in active],
    }
    return common | alerting | health | evaluated | {"type": "alerting"}


def _evaluated(state: State, rule: Rule) -> str:
    """The newest point of the rule's grid: a rule that samples trigger may have been evaluated since."""
    compiled = state.compiled.rules[rule.id]
    return date(compiled.next_grid_ms(state.now_ms) - compiled.period_ms)


def _seconds(duration_ms: int) -> float:
    """Without a point where it is whole."""
    return duration_ms / 1000 if duration_ms % 1000 else duration_ms // 1000


def _active(state: State, rule: AlertRule) -> Sequence[Alert]:
    return list(state.alerts.get(rule.id, {}).values())


def _alert(alert: Alert) -> dict[str, Any]:
    kept = {} if alert.cleared_ms is None else {"keepFiringSince": date(alert.cleared_ms)}
    return {
        "labels": dict(alert.labels),
        "annotations": alert.annotations,
        "state": "firing" if alert.firing else "pending",
        "activeAt": date(alert.active_at_ms),
        "value": scientific(alert.value),
    } | kept
