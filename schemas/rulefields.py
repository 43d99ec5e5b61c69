"""The fields of rule files: durations, names, PromQL and templates, and what all models of rules have in common.

Whether an expression or a template parses is asked of the `Checks` in the validation context, as nothing here knows
either language.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Protocol

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

from schemas.durations import PATTERN, duration_ms
from schemas.wording import shown

# --- durations ---


def _duration(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError(f"expected a duration such as 5m, got {shown(value)}")
    return duration_ms(value)


def _above_zero(value_ms: int) -> int:
    if value_ms == 0:
        raise ValueError("expected a duration longer than 0s")
    return value_ms


def _limit(value: Any) -> int:
    """A whole number of 64 bits; as in Prometheus one below zero is no limit, and a fraction is cut off."""
    text = value if isinstance(value, str) else ""
    try:
        limit = int(text, 0) if "." not in text and "e" not in text.lower() else int(float(text))
    except (ValueError, OverflowError):
        limit = 2**63
    if abs(limit) >= 2**63:
        raise ValueError(f"expected a whole number, got {shown(value)}")
    return max(limit, 0)


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


def _joined(value: Any) -> Any:
    return ",".join(value) if isinstance(value, list) and all(isinstance(each, str) for each in value) else value


_SCALAR: dict[str, JsonValue] = {"type": ["string", "number", "boolean"]}
_PROMQL = WithJsonSchema({"type": ["string", "number"], "description": "PromQL"})

Name = Annotated[str, Field(min_length=1)]
SeriesName = Annotated[Name, AfterValidator(_series_name)]
Expression = Annotated[str, AfterValidator(_expression), _PROMQL]
BoundExpression = Annotated[str, AfterValidator(_bound_expression), _PROMQL]
Text = Annotated[str, AfterValidator(_template), WithJsonSchema(_SCALAR)]
Argument = Annotated[
    str,
    BeforeValidator(_joined),
    AfterValidator(_template),
    WithJsonSchema({"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]}),
]
"""Of a verb: text, or a list of texts, which becomes one with commas between them."""
LabelName = Annotated[str, AfterValidator(_label_name)]
Labels = Annotated[dict[LabelName, Text], BeforeValidator(_absent_as_empty)]
PlainLabels = Annotated[dict[LabelName, Annotated[str, WithJsonSchema(_SCALAR)]], BeforeValidator(_absent_as_empty)]
Annotations = Annotated[dict[Name, Text], BeforeValidator(_absent_as_empty)]
Duration = Annotated[
    int,
    BeforeValidator(_duration),
    WithJsonSchema({"type": ["string", "integer"], "pattern": PATTERN, "examples": ["30s", "5m", "1h30m"]}),
]
PositiveDuration = Annotated[Duration, AfterValidator(_above_zero)]
Limit = Annotated[int, BeforeValidator(_limit), WithJsonSchema({"type": "integer"})]


# --- models ---


class Model(BaseModel):
    """Unknown fields are errors. A known field without a value counts as left out, as in Prometheus.

    `spare` are fields of other kinds that may be there, as long as they say nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    spare: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {
            name: value
            for name, value in data.items()
            if (value is not None or name not in known) and not (name in cls.spare and _says_nothing(name, value))
        }


def _says_nothing(name: str, value: Any) -> bool:
    return value is None or value in {"annotations": ({},), "record": ("",), "alert": ("",)}.get(name, ("0", "0s"))
