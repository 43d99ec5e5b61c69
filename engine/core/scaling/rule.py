"""A scaling rule as the core runs it: immutable, checked, and fit for a snapshot. `engine.rulefile` builds it."""

from typing import Literal

import msgspec

PolicyKind = Literal["pods", "percent"]
Select = Literal["max", "min", "disabled"]
OnNoData = Literal["hold", "fallback"]

TOLERANCE = 0.1
"""By so much a metric may be off its target without any change, unless the rule says otherwise."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """At most `value` replicas, or `value` percent of those there were, are added or taken within `period_ms`."""

    kind: PolicyKind
    value: int
    period_ms: int


class Direction(msgspec.Struct, frozen=True, kw_only=True):
    """How a workload is scaled up, or down. Of several policies that counts which permits the most (`max`) or the
    least (`min`); `disabled`: never in this direction. Of the recommendations of the last `stabilization_ms` the most
    careful counts.
    """

    policies: tuple[Policy, ...]
    select: Select = "max"
    stabilization_ms: int = 0
    tolerance: float = TOLERANCE


UP = Direction(
    policies=(
        Policy(kind="pods", value=4, period_ms=15_000),
        Policy(kind="percent", value=100, period_ms=15_000),
    )
)
DOWN = Direction(policies=(Policy(kind="percent", value=100, period_ms=15_000),), stabilization_ms=300_000)


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """What is tracked. `target` is what the value of `expr` should be; with `average`, what it should be for each
    replica. With `per`, the expression yields an element for each replica, told apart by that label, and their mean
    should be the target. `tolerance` None: that of the direction.
    """

    expr: str
    target: float
    average: bool = False
    per: str = ""
    tolerance: float | None = None


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """From each time of `cron` in `zone` on, for `duration_ms` or (None) until another schedule of the rule comes, the
    bounds are these; None leaves that of the rule."""

    cron: str
    zone: str
    duration_ms: int | None = None
    min: int | None = None
    max: int | None = None


class ScaleRule(msgspec.Struct, frozen=True, kw_only=True):
    """A scaling rule: keeps `target`, which is what `args` name for `verb`, between `min` and `max`, by its metrics.

    `place` orders the rules that are due at once. `interval_ms` None: evaluated on arrival too. `on_no_data` says what
    becomes of the workload when no metric has a value: nothing, or at least `fallback` replicas.
    """

    id: str
    group: str
    name: str
    source: str
    target: str
    args: dict[str, str]
    min: int
    max: int
    metrics: tuple[Metric, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    up: Direction = UP
    down: Direction = DOWN
    on_no_data: OnNoData = "hold"
    fallback: int = 0
    mode: Literal["shadow", "approve", "auto"] = "shadow"
    cooldown_ms: int = 0
    verb: str = "scale"
    place: int = 0
    interval_ms: int | None = None

    @property
    def origin(self) -> str:
        """Its name in the audit."""
        return f"{self.group}/{self.name}"

    @property
    def least(self) -> int:
        """The lowest `min` that it ever has."""
        return min(self.min, *(each.min for each in self.schedules if each.min is not None), self.min)

    @property
    def most(self) -> int:
        """The highest `max` that it ever has."""
        return max(self.max, *(each.max for each in self.schedules if each.max is not None), self.max)
