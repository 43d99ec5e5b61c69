"""The shape of a rule file: Prometheus' format, extended by our own kinds of rule. Its JSON Schema is made from here.

Only what one field can tell by itself is checked here. Whether an expression or a template parses is asked of the
`Checks` in the validation context; what takes several rules, or the verbs there are, is `engine.rulefile`'s to check.

Every scalar comes as text, as it stands in the YAML: Prometheus too reads `severity: 1` as the text "1".
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import WithJsonSchema

# --- durations ---

_UNITS_MS = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
_DURATION = r"^(0|(?=.)" + "".join(f"([0-9]+{unit})?" for unit in _UNITS_MS) + ")$"
_MOST_MS = 2**63 // 1_000_000


def duration_ms(text: str) -> int:
    """Milliseconds of a Prometheus duration such as `1h30m`: units from large to small. Raises ValueError."""
    if not re.fullmatch(_DURATION, text, re.ASCII) or len(text) > 100:
        raise ValueError(f"expected a duration such as 5m, got {shown(text)}")
    total_ms = sum(int(count) * _UNITS_MS[unit] for count, unit in re.findall(r"(\d+)([a-z]+)", text))
    if total_ms > _MOST_MS:
        raise ValueError(f"expected a duration below 292 years, got {shown(text)}")
    return total_ms


def shown(value: object) -> str:
    """A value as error messages print it: text in quotes on one line and shortened, anything else by its kind."""
    match value:
        case None:
            return "nothing"
        case str():
            line = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{line}"' if len(line) <= 60 else f'"{line[:57]}…"'
        case list():
            return "a list"
        case dict():
            return "a mapping"
    return str(value)


def _duration(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError(f"expected a duration such as 5m, got {shown(value)}")
    return duration_ms(value)


def _above_zero(value_ms: int) -> int:
    if value_ms == 0:
        raise ValueError("expected a duration longer than 0s")
    return value_ms


# --- names ---


def _label_name(name: str) -> str:
    if name in ("", "__name__"):
        raise ValueError(f"{shown(name)} cannot be the name of a label here")
    return name


def _series_name(name: str) -> str:
    # Prometheus 3 allows any text; braces would mean that an expression was written where the name belongs.
    if "{" in name or "}" in name:
        raise ValueError(f"expected the name of a series, got {shown(name)}")
    return name


def _absent_as_empty(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {name: "" if value is None else value for name, value in values.items()}
    return values


# --- expressions and templates ---


class Checks(Protocol):
    """What can be asked about a text. Each raises ValueError with a message for the author."""

    def expression(self, text: str) -> None: ...

    def bound_expression(self, text: str) -> None:
        """PromQL in which `{{ $labels.x }}` may stand for the whole value of a matcher."""
        ...

    def template(self, text: str) -> None: ...


def _expression(text: str, info: ValidationInfo) -> str:
    if info.context:
        info.context["checks"].expression(text)
    return text


def _bound_expression(text: str, info: ValidationInfo) -> str:
    if info.context:
        info.context["checks"].bound_expression(text)
    return text


def _template(text: str, info: ValidationInfo) -> str:
    if info.context:
        info.context["checks"].template(text)
    return text


_SCALAR: dict[str, JsonValue] = {"type": ["string", "number", "boolean"]}
_PROMQL = WithJsonSchema({"type": ["string", "number"], "description": "PromQL"})

Name = Annotated[str, Field(min_length=1)]
SeriesName = Annotated[Name, AfterValidator(_series_name)]
Expression = Annotated[str, AfterValidator(_expression), _PROMQL]
BoundExpression = Annotated[str, AfterValidator(_bound_expression), _PROMQL]
Text = Annotated[str, AfterValidator(_template), WithJsonSchema(_SCALAR)]
Labels = Annotated[dict[Annotated[str, AfterValidator(_label_name)], Text], BeforeValidator(_absent_as_empty)]
Annotations = Annotated[dict[Name, Text], BeforeValidator(_absent_as_empty)]
Duration = Annotated[
    int,
    BeforeValidator(_duration),
    WithJsonSchema({"type": ["string", "integer"], "pattern": _DURATION, "examples": ["30s", "5m", "1h30m"]}),
]
PositiveDuration = Annotated[Duration, AfterValidator(_above_zero)]
Limit = Annotated[int, Field(ge=0)]


# --- the file ---


class _Model(BaseModel):
    """Unknown fields are errors. A known field without a value counts as left out, as in Prometheus."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {name: value for name, value in data.items() if value is not None or name not in known}


class AlertRule(_Model):
    """An alerting rule, as in Prometheus."""

    alert: Name
    expr: Expression
    for_ms: Duration = Field(default=0, alias="for")
    keep_firing_for_ms: Duration = Field(default=0, alias="keep_firing_for")
    labels: Labels = {}
    annotations: Annotations = {}


class RecordingRule(_Model):
    """A recording rule, as in Prometheus."""

    record: SeriesName
    expr: Expression
    labels: Labels = {}


class Verify(_Model):
    """What must hold, within which time after the step and for how long, for the step to have helped."""

    expr: BoundExpression
    within_ms: PositiveDuration = Field(alias="within")
    hold_ms: Duration | None = Field(default=None, alias="hold")


class Step(_Model):
    """One rung of a ladder: a verb with its arguments, and how it is verified."""

    model_config = ConfigDict(extra="allow", frozen=True, json_schema_extra={"minProperties": 1, "maxProperties": 2})

    verify: Verify | None = None
    __pydantic_extra__: dict[str, dict[str, Text]]

    @property
    def verbs(self) -> dict[str, dict[str, str]]:
        """The arguments by verb. The file may name any number; `engine.rulefile` wants one."""
        return self.__pydantic_extra__


class HealRule(_Model):
    """A remediation ladder: what to do when an alert fires, each step only if the one before has not helped."""

    heal: Name
    alert: Name
    mode: Literal["shadow", "approve", "auto"] = "shadow"
    cooldown_ms: Duration = Field(default=300_000, alias="cooldown", json_schema_extra={"default": "5m"})
    steps: list[Step] = Field(min_length=1)


Rule = AlertRule | RecordingRule | HealRule


class Group(_Model):
    """Rules that belong together. Without `interval` they are evaluated on arrival of their samples."""

    name: Name
    interval_ms: Duration = Field(default=0, alias="interval")
    query_offset_ms: Duration = Field(default=0, alias="query_offset")
    limit: Limit = 0
    labels: Labels = {}
    rules: list[Rule] = []


class RuleFile(_Model):
    """A file of rules."""

    groups: list[Group] = []
