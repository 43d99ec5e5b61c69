"""The shape of a rule file: Prometheus' format, extended by our own kinds of rule. Its JSON Schema is made from here.

Only what one field can tell by itself is checked here. Whether an expression or a template parses is asked of the
`Checks` in the validation context; what takes several rules, or the verbs there are, is `engine.rulefile`'s to check.

Every scalar comes as text, as it stands in the YAML: Prometheus too reads `severity: 1` as the text "1".
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from schemas.rulefields import (
    Annotations,
    Argument,
    BoundExpression,
    Duration,
    Expression,
    Labels,
    Limit,
    Model,
    Name,
    PlainLabels,
    PositiveDuration,
    SeriesName,
)
from schemas.scalefile import ScaleRule


class AlertRule(Model):
    """An alerting rule, as in Prometheus."""

    spare = frozenset({"record"})

    alert: Name
    expr: Expression
    for_ms: Duration = Field(default=0, alias="for")
    keep_firing_for_ms: Duration = Field(default=0, alias="keep_firing_for")
    labels: Labels = {}
    annotations: Annotations = {}


class RecordingRule(Model):
    """A recording rule, as in Prometheus."""

    spare = frozenset({"alert", "for", "keep_firing_for", "annotations"})

    record: SeriesName
    expr: Expression
    labels: PlainLabels = {}


class EventAlertRule(Model):
    """An alert about events: what a Sigma rule says of each of them (`logsource`, `detection`), of many over time
    (`correlation`, over this detection or over the `rules` that it names), or both. Both are Sigma's, as they are.
    """

    spare = frozenset({"record", "for"})

    alert: Name
    logsource: dict[str, Any] | None = None
    detection: dict[str, Any] | None = None
    correlation: dict[str, Any] | None = None
    group_by: list[Name] = Field(default=[], alias="group-by")
    keep_firing_for_ms: Duration | None = Field(default=None, alias="keep_firing_for")
    labels: Labels = {}
    annotations: Annotations = {}

    @model_validator(mode="after")
    def _is_whole(self) -> "EventAlertRule":
        if self.detection is None and self.correlation is None:
            raise ValueError("expected a `detection`, a `correlation` or both")
        if (self.detection is None) != (self.logsource is None):
            raise ValueError("`logsource` and `detection` go together")
        if self.group_by and self.correlation is not None:
            raise ValueError("with a `correlation`, `group-by` belongs into it")
        return self


class EventRecordRule(Model):
    """A log metric: a counter of the events that a detection picks, or with `value` of the numbers in that field."""

    spare = frozenset({"alert", "for", "keep_firing_for", "annotations"})

    record: SeriesName
    logsource: dict[str, Any]
    detection: dict[str, Any]
    value: Name | None = None
    labels: Labels = {}


class Verify(Model):
    """What must hold, within which time after the step and for how long, for the step to have helped."""

    expr: BoundExpression
    within_ms: PositiveDuration = Field(alias="within")
    hold_ms: Duration | None = Field(default=None, alias="hold")


class Step(Model):
    """One rung of a ladder: a verb with its arguments, and how it is verified."""

    model_config = ConfigDict(extra="allow", frozen=True, json_schema_extra={"minProperties": 1, "maxProperties": 2})

    verify: Verify | None = None
    __pydantic_extra__: dict[str, dict[str, Argument]]

    @property
    def verbs(self) -> dict[str, dict[str, str]]:
        """The arguments by verb. The file may name any number; `engine.rulefile` wants one."""
        return self.__pydantic_extra__


class _LadderRule(Model):
    alert: Name
    mode: Literal["shadow", "approve", "auto"] = "shadow"
    cooldown_ms: Duration = Field(default=300_000, alias="cooldown", json_schema_extra={"default": "5m"})
    any_node: bool = False
    steps: list[Step] = Field(min_length=1)


class HealRule(_LadderRule):
    """A remediation ladder: what to do when an alert fires, each step only if the one before has not helped. Where it
    fires again within `reset_after` of a step that had helped, the next one is taken."""

    heal: Name
    reset_after_ms: Duration = Field(default=0, alias="reset_after", json_schema_extra={"default": "0s"})

    @property
    def name(self) -> str:
        return self.heal


class RespondRule(_LadderRule):
    """A response: what to do when an alert fires, all steps in their order."""

    respond: Name

    @property
    def name(self) -> str:
        return self.respond


LadderRule = HealRule | RespondRule
Rule = AlertRule | RecordingRule | EventAlertRule | EventRecordRule | HealRule | RespondRule | ScaleRule


class Group(Model):
    """Rules that belong together. Without `interval` they are evaluated on arrival of their samples."""

    name: Name
    interval_ms: Duration = Field(default=0, alias="interval")
    query_offset_ms: Duration = Field(default=0, alias="query_offset")
    limit: Limit = 0
    labels: Labels = {}
    rules: list[Rule] = []


class RuleFile(Model):
    """A file of rules."""

    groups: list[Group] = []
