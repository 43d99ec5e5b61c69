"""The scaling rules of a program, made ready to be decided: their metrics planned. Derived, never saved."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.core.cron import Zone
from engine.core.layout import Layout
from engine.core.scaling.rule import ScaleRule
from engine.core.scaling.schedule import Bounds, bounds
from engine.promql import IntArray, Plan, Selector, Store, Triggers, compile_expr


@dataclass(slots=True)
class CompiledScale:
    """One rule with the plans of its metrics. `period_ms` and `offset_ms` are its grid."""

    rule: ScaleRule
    plans: tuple[Plan, ...]
    period_ms: int
    offset_ms: int
    _bounds: Bounds | None = None
    _asked_ms: int = 0

    def selectors(self) -> tuple[Selector, ...]:
        """What its metrics look at."""
        return tuple(selector for plan in self.plans for selector in plan.selectors)

    def range_ms(self) -> int:
        """How far back it looks for what was, beyond what is."""
        ranges = (each.window_ms for each in self.selectors() if each.range_ms or each.offset_ms > 0)
        return max(ranges, default=0)

    def next_grid_ms(self, after_ms: int) -> int:
        """The first point of its grid later than `after_ms`."""
        return (after_ms - self.offset_ms) // self.period_ms * self.period_ms + self.period_ms + self.offset_ms

    def bounds(self, zones: Mapping[str, Zone], now_ms: int) -> Bounds:
        """Those of this hour; the calendar is asked only when they may have changed."""
        known = self._bounds
        if known is None or now_ms < self._asked_ms or (known.until_ms is not None and now_ms >= known.until_ms):
            self._bounds = known = bounds(self.rule, zones, now_ms)
            self._asked_ms = now_ms
        return known


@dataclass(slots=True)
class CompiledScales:
    """`rules` by id, in their order."""

    rules: dict[str, CompiledScale] = field(default_factory=dict)
    _triggers: Triggers = field(default_factory=lambda: Triggers(()))
    _of_plan: tuple[str, ...] = ()
    _known: dict[str, tuple[IntArray, tuple[str, ...]]] = field(default_factory=dict)

    def touched_by(self, digest: str, layout: Layout, store: Store) -> tuple[str, ...]:
        """The rules, by id, that a batch of this layout brings samples of."""
        if not self.rules:
            return ()
        rows, touched = self._known.get(digest, (None, ()))
        if rows is not layout.kept_rows:
            plans = self._triggers.of([store.labels(row) for row in layout.kept_rows.tolist()])
            touched = tuple(dict.fromkeys(self._of_plan[plan] for plan in plans))
            self._known[digest] = layout.kept_rows, touched
        return touched

    def forget(self, layouts: Mapping[str, Layout]) -> None:
        """Forget what is known of layouts that are gone."""
        self._known = {digest: known for digest, known in self._known.items() if digest in layouts}


def compile_scales(
    rules: Sequence[ScaleRule], interval_ms: int, before: CompiledScales | None = None
) -> CompiledScales:
    """Plan every rule that `before`, of the same `evaluation_interval`, has not planned already."""
    found = {rule.id: _compile(rule, interval_ms, before) for rule in rules}
    arriving = [(key, plan) for key, each in found.items() if each.rule.interval_ms is None for plan in each.plans]
    return CompiledScales(found, Triggers([plan for _, plan in arriving]), tuple(key for key, _ in arriving))


def _compile(rule: ScaleRule, interval_ms: int, before: CompiledScales | None) -> CompiledScale:
    period_ms = rule.interval_ms or interval_ms
    # Rules are spread over the interval, so that a thousand of them do not all come due at once.
    offset_ms = int.from_bytes(hashlib.blake2b(rule.origin.encode(), digest_size=8).digest()) % period_ms
    known = before.rules.get(rule.id) if before else None
    if known and known.rule.metrics == rule.metrics:
        return CompiledScale(rule, known.plans, period_ms, offset_ms)
    plans = tuple(compile_expr(metric.expr, subquery_step_ms=interval_ms) for metric in rule.metrics)
    return CompiledScale(rule, plans, period_ms, offset_ms)
