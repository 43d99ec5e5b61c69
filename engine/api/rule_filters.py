"""Which rules are asked for, and how many groups at a time."""

import hashlib
from collections.abc import Sequence
from typing import Any

from engine.api import parameters
from engine.api.errors import ApiError, bad_parameter
from engine.api.form import Form
from engine.core.program import AlertRule, EventRule, RecordingRule
from engine.promql import Matchers, picks
from schemas.labels import canonical


class Wanted:
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

    def rule(self, rule: AlertRule | EventRule | RecordingRule) -> bool:
        kind = "record" if isinstance(rule, RecordingRule) else "alert"
        labels = canonical(rule.labels)
        return (
            self._kind in ("", kind)
            and (not self._names or rule.name in self._names)
            and (not self._sets or any(picks(matchers, labels) for matchers in self._sets))
        )


class Page:
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
