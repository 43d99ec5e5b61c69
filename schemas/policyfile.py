"""The shape of `policy.yaml`: what bounds all acts, whoever wants them. Its JSON Schema is made from here."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic.json_schema import WithJsonSchema

from schemas.durations import duration
from schemas.rulefields import Model, Name, PositiveDuration
from schemas.wording import shown

_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?)%")


def _amount(value: Any) -> int | float:
    """A count, or a share of what there is: `3` is 3, `25%` is 0.25. A share lets one go at least, a count may be 0."""
    text = str(value)
    if found := _PERCENT.fullmatch(text):
        if 0 < float(found[1]) <= 100:
            return float(found[1]) / 100
    elif text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    raise ValueError(f"expected a number of replicas such as 3, or a share such as 25%, got {shown(value)}")


def _instant_ms(value: Any) -> int:
    """An instant with its offset from UTC, such as 2026-12-24T18:00:00+01:00."""
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        at = datetime(1970, 1, 1)
    if at.tzinfo is None:
        raise ValueError(f"expected a time with its offset from UTC, such as 2026-12-24T18:00:00Z, got {shown(value)}")
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


LONGEST_WITHIN_MS = 7 * 24 * 3_600_000
"""Acts are remembered for so long, so that a policy that is new knows them."""


def _remembered(value_ms: int) -> int:
    if value_ms > LONGEST_WITHIN_MS:
        raise ValueError(f"expected at most 7d, for so long acts are remembered, got {duration(value_ms)}")
    return value_ms


Within = Annotated[PositiveDuration, AfterValidator(_remembered)]
Amount = Annotated[
    int | float, BeforeValidator(_amount), WithJsonSchema({"type": ["string", "integer"], "examples": ["25%", 3]})
]
Instant = Annotated[int, BeforeValidator(_instant_ms), WithJsonSchema({"type": "string", "format": "date-time"})]
Patterns = list[Name]
"""Names in which `*` stands for any text."""
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class _Selecting(Model):
    """Which acts it is about: those that fit every list; one that is left out is no restriction. A target is named by
    its id or by that of its workload."""

    rules: Patterns = []
    services: Patterns = []
    targets: Patterns = []
    verbs: Patterns = []


class Environment(Model):
    """What may be done in one environment."""

    verbs: Patterns = Field(min_length=1)


class Rate(Model):
    """At most so many acts within a time."""

    acts: Count
    within_ms: Within = Field(alias="within")


class Limit(_Selecting):
    """How much may be done, counted `per` rule, target, workload, service or all together."""

    per: Literal["all", "service", "workload", "target", "rule"]
    cooldown_ms: PositiveDuration | None = Field(default=None, alias="cooldown")
    rate: Rate | None = None
    concurrency: Count | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> "Limit":
        if self.cooldown_ms is None and self.rate is None and self.concurrency is None:
            raise ValueError("expected a `cooldown`, a `rate` or a `concurrency`")
        return self


class BlastRadius(_Selecting):
    """How many replicas of each service, or of all that it is about together, may be touched within a time, and how
    many healthy ones are left alone."""

    per: Literal["service", "all"] = "service"
    max: Amount | None = None
    within_ms: Within = Field(default=600_000, alias="within", json_schema_extra={"default": "10m"})
    keep_healthy: Annotated[int, Field(ge=0, le=1_000_000)] = 1


class Window(_Selecting):
    """A time in which acts are held, or outside of which they are not permitted: `cron` with `duration`, or `from` and
    `until`."""

    name: Name
    effect: Literal["hold", "permit"]
    cron: Name | None = None
    timezone: Name = "UTC"
    duration_ms: PositiveDuration | None = Field(default=None, alias="duration")
    from_ms: Instant | None = Field(default=None, alias="from")
    until_ms: Instant | None = Field(default=None, alias="until")

    @model_validator(mode="after")
    def _has_one_time(self) -> "Window":
        again, once = (self.cron, self.duration_ms), (self.from_ms, self.until_ms)
        whole = [times for times in (again, once) if None not in times]
        if len(whole) != 1 or any(each is not None for each in (once if whole[0] is again else again)):
            raise ValueError("expected either `cron` and `duration`, or `from` and `until`")
        if self.from_ms is not None and self.until_ms is not None and self.until_ms <= self.from_ms:
            raise ValueError("`until` must come after `from`")
        return self


class Approval(_Selecting):
    """Acts that people must let go although their rule is in mode auto: so many of `by`, persons or groups."""

    by: list[Name] = []
    count: Annotated[int, Field(ge=1, le=100)] = 1
    deadline_ms: PositiveDuration | None = Field(default=None, alias="deadline")
    lapse: Literal["deny", "escalate", "proceed"] = "deny"


LEAST_INVENTORY_MS = 2 * 60_000


def _told_again(inventory_ms: int) -> int:
    """An actuator says what it owns at least once a minute, and not at the second."""
    if inventory_ms < LEAST_INVENTORY_MS:
        raise ValueError(f"expected at least 2m, since actuators tell it once a minute, got {duration(inventory_ms)}")
    return inventory_ms


class Freshness(Model):
    """How old what a rule's decision rests on may be."""

    samples_ms: PositiveDuration | None = Field(default=None, alias="samples")
    inventory_ms: Annotated[PositiveDuration, AfterValidator(_told_again)] | None = Field(
        default=None, alias="inventory"
    )


class Flapping(Model):
    """A target that ladders began to heal so often within a time goes to a human instead."""

    heals: Count
    within_ms: Within = Field(alias="within")


class Emergency(Model):
    """The rules that go on acting while an emergency is declared."""

    rules: Patterns = []


class PolicyFile(Model):
    """`policy.yaml`."""

    environments: dict[Name, Environment] = {}
    protected: Patterns = []
    limits: list[Limit] = []
    blast_radius: list[BlastRadius] = []
    windows: list[Window] = []
    approvals: list[Approval] = []
    groups: dict[Name, list[Name]] = {}
    freshness: Freshness = Freshness()
    flapping: Flapping | None = None
    emergency: Emergency = Emergency()
    notify: list[Name] = []
