"""The shape of a `scale` rule in a rule file. What takes several of its fields is `engine.rulefile`'s to check."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.json_schema import WithJsonSchema

from schemas.rulefields import Argument, Duration, Expression, LabelName, Model, Name, PositiveDuration
from schemas.wording import shown

MOST_REPLICAS = 100_000
LONGEST_WINDOW_MS = 3_600_000
LONGEST_PERIOD_MS = 1_800_000


def _within(most_ms: int, what: str) -> AfterValidator:
    def check(value_ms: int) -> int:
        if value_ms > most_ms:
            raise ValueError(f"expected {what} or less, as in Kubernetes")
        return value_ms

    return AfterValidator(check)


def _plain(text: str) -> str:
    if "{{" in text:
        raise ValueError(f"there is no alert whose labels a template could use: {shown(text)}")
    return text


Replicas = Annotated[int, Field(ge=0, le=MOST_REPLICAS)]
Target = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Tolerance = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
Plain = Annotated[str, AfterValidator(_plain), WithJsonSchema({"type": ["string", "number", "boolean"]})]


class ScaleMetric(Model):
    """What is tracked: a value that is to be at `target`, or of which each replica is to have `average_target`; with
    `per`, the label that tells the replicas apart, a value of each replica."""

    expr: Expression
    target: Target | None = None
    average_target: Target | None = None
    per: LabelName | None = None
    tolerance: Tolerance | None = None


class ScaleSchedule(Model):
    """Other bounds, from each time of `cron` on, for `duration` or until another schedule of the rule comes."""

    cron: Name
    timezone: Name = "UTC"
    duration_ms: PositiveDuration | None = Field(default=None, alias="duration")
    replicas: Replicas | None = None
    min: Replicas | None = None
    max: Replicas | None = None


class ScalePolicy(Model):
    """At most `value` replicas, or percent of them, within `period`."""

    type: Literal["pods", "percent"]
    value: Annotated[int, Field(ge=1, le=MOST_REPLICAS)]
    period_ms: Annotated[PositiveDuration, _within(LONGEST_PERIOD_MS, "30m")] = Field(alias="period")


class ScaleDirection(Model):
    """How the workload is scaled in one direction. What is left out is as in Kubernetes."""

    policies: list[ScalePolicy] | None = Field(default=None, min_length=1)
    select_policy: Literal["max", "min", "disabled"] = "max"
    stabilization_ms: Annotated[Duration, _within(LONGEST_WINDOW_MS, "1h")] | None = Field(
        default=None, alias="stabilization"
    )
    tolerance: Tolerance | None = None


class ScaleBehavior(Model):
    """How fast and how steadily the workload is scaled."""

    scale_up: ScaleDirection = ScaleDirection()
    scale_down: ScaleDirection = ScaleDirection()


class ScaleRule(Model):
    """A scaling rule: how many replicas a workload has, by its metrics and the hour.

    `workload` names it, or `target` does, by the arguments of the verb `scale`.
    """

    scale: Name
    workload: Plain | None = None
    target: dict[str, Argument] | None = None
    min: Replicas
    max: Replicas
    metrics: list[ScaleMetric] = []
    schedules: list[ScaleSchedule] = []
    behavior: ScaleBehavior = ScaleBehavior()
    on_no_data: Literal["hold", "fallback"] = "hold"
    fallback: Replicas | None = None
    mode: Literal["shadow", "approve", "auto"] = "shadow"
    cooldown_ms: Duration = Field(default=0, alias="cooldown", json_schema_extra={"default": "0s"})

    @property
    def name(self) -> str:
        return self.scale

    @property
    def arguments(self) -> dict[str, str]:
        """Those of the verb `scale` that name what is scaled."""
        return dict(self.target or ({} if self.workload is None else {"workload": self.workload}))
