"""A program made ready to run: expressions planned, templates parsed, look-ups built. Derived, never saved."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import replace as moved

from msgspec.structs import replace

from engine.core.destination import Destination
from engine.core.detector import Detector
from engine.core.layout import Layout
from engine.core.program import EMPTY, AlertRule, HealRule, Program, RecordingRule
from engine.core.provenance import about_events
from engine.core.scaling.compiled import CompiledScales, compile_scales
from engine.promql import Derived, Index, IntArray, Plan, Selector, Store, Triggers, compile_expr, exact_name
from engine.template import Template, parse
from schemas.labels import METRIC_NAME, canonical

Rule = AlertRule | RecordingRule
Templates = tuple[tuple[str, Template], ...]

ALERTNAME = "alertname"
ALERTS = "ALERTS"
ALERTS_FOR_STATE = "ALERTS_FOR_STATE"


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule with its plan. `period_ms` and `offset_ms` are its grid; `on_arrival`: samples trigger it too.

    `labels` are the templates of its labels, none where all of them are plain text. `named` gives the label sets that a
    recording rule yields, and `destination` is where what the rule writes lies. `moves_by_itself`: its value may change
    although no sample comes that it selects, and not only because old ones are over.
    """

    rule: Rule
    place: int
    plan: Plan
    labels: Templates
    annotations: Templates
    period_ms: int
    offset_ms: int
    on_arrival: bool
    moves_by_itself: bool
    named: Derived
    destination: Destination

    def selectors(self) -> tuple[Selector, ...]:
        """What its expression looks at, from the time of the evaluation."""
        offset_ms = self.rule.query_offset_ms
        return tuple(replace(each, within_ms=each.within_ms + offset_ms) for each in self.plan.selectors)

    def range_ms(self) -> int:
        """How far back it looks for what was, beyond what is."""
        ranges = (each.window_ms for each in self.selectors() if each.range_ms or each.offset_ms > 0)
        return max(ranges, default=0)

    @staticmethod
    def grid_offset_ms(rule: Rule, period_ms: int) -> int:
        """Groups are spread over the period, as Prometheus does, so that they do not all come due at once."""
        return int.from_bytes(hashlib.blake2b(rule.group.encode(), digest_size=8).digest()) % period_ms

    def next_grid_ms(self, after_ms: int) -> int:
        """The first point of its grid later than `after_ms`."""
        return (after_ms - self.offset_ms) // self.period_ms * self.period_ms + self.period_ms + self.offset_ms


@dataclass(slots=True)
class Compiled:
    """`rules` by id in the order of their evaluation; `triggers` gives positions in `on_arrival`. `idle` are those that
    had nothing to look at when they were evaluated last, and yielded nothing. `unscheduled` are those of `on_arrival`
    that are evaluated when a sample comes, and for which no time is set until then.
    """

    rules: dict[str, CompiledRule] = field(default_factory=dict)
    on_arrival: tuple[CompiledRule, ...] = ()
    triggers: Triggers = field(default_factory=lambda: Triggers(()))
    heals: dict[str, tuple[HealRule, ...]] = field(default_factory=dict)
    idle: set[str] = field(default_factory=set)
    unscheduled: set[str] = field(default_factory=set)
    sources: Counter[int] = field(default_factory=Counter)
    """How many known layouts trigger each of `on_arrival`, by position."""
    interval_ms: int = 0
    """The `evaluation_interval` that the rules are planned for."""
    detector: Detector = field(default_factory=lambda: Detector(EMPTY))
    counted: defaultdict[str, Destination] = field(default_factory=lambda: defaultdict(Destination))
    """Where the series of each counter of events lie."""
    scales: CompiledScales = field(default_factory=CompiledScales)
    about_events: frozenset[str] = frozenset()
    """The alerting rules, by id, whose samples were made of events."""

    def readers(self, name: str) -> tuple[CompiledRule, ...]:
        """The rules that are to be evaluated when something was recorded as this metric."""
        return tuple(self.on_arrival[position] for position in self.triggers.of_name(name))


def compile_program(program: Program = EMPTY, before: Compiled | None = None) -> Compiled:
    """Plan every rule that `before` has not planned already: most edits leave most rules as they are, and nothing is
    evaluated meanwhile. The program was checked when it was loaded, so an error here is our bug.
    """
    every: list[Rule] = [*program.alerts, *program.records]
    ordered = sorted(every, key=lambda rule: rule.place)
    interval_ms = program.settings.evaluation_interval_ms
    known = before.rules if before and before.interval_ms == interval_ms else {}
    rules = {
        rule.id: _unchanged(known.get(rule.id), rule, place) or _compile(rule, place, program)
        for place, rule in enumerate(ordered)
    }
    on_arrival = tuple(rule for rule in rules.values() if rule.on_arrival)
    heals: dict[str, tuple[HealRule, ...]] = {}
    for heal in program.ladders:
        heals[heal.alert] = (*heals.get(heal.alert, ()), heal)
    triggers = Triggers([rule.plan for rule in on_arrival])
    detector = before.detector if before and before.detector.is_of(program) else Detector(program)
    planned = before.scales if before and before.interval_ms == interval_ms else None
    scales = compile_scales(program.scales, interval_ms, planned)
    return Compiled(
        rules,
        on_arrival,
        triggers,
        heals,
        interval_ms=interval_ms,
        detector=detector,
        scales=scales,
        about_events=about_events(program, [(each.rule, each.plan) for each in rules.values()]),
    )


def _unchanged(known: CompiledRule | None, rule: Rule, place: int) -> CompiledRule | None:
    """What is planned already, put in its new place; None where the rule is another."""
    if known is None or replace(known.rule, place=rule.place, source=rule.source) != rule:
        return None
    return moved(known, rule=rule, place=place)


def _compile(rule: Rule, place: int, program: Program) -> CompiledRule:
    period_ms = rule.interval_ms or program.settings.evaluation_interval_ms
    plan = compile_expr(rule.expr, subquery_step_ms=program.settings.evaluation_interval_ms)
    labels = _templates(rule.labels if isinstance(rule, AlertRule) else {})
    return CompiledRule(
        rule=rule,
        place=place,
        plan=plan,
        labels=() if all(template.is_literal for _, template in labels) else labels,
        annotations=_templates(rule.annotations if isinstance(rule, AlertRule) else {}),
        period_ms=period_ms,
        offset_ms=CompiledRule.grid_offset_ms(rule, period_ms),
        on_arrival=isinstance(rule, AlertRule) and rule.interval_ms is None,
        # ALERTS is read when its reader comes due: it triggers nothing, or two rules could wake each other for ever.
        moves_by_itself=plan.asks_the_time or any(map(_may_pick_alerts, plan.selectors)),
        named=_named({METRIC_NAME: rule.name} | rule.labels),
        destination=Destination(),
    )


def _may_pick_alerts(selector: Selector) -> bool:
    return exact_name(selector.matchers) in (None, ALERTS, ALERTS_FOR_STATE)


def _named(fixed: dict[str, str]) -> Derived:
    """The label sets of an index with these labels set."""
    return Derived(lambda index: Index([canonical(dict(labels) | fixed) for labels in index.labels]))


def _templates(texts: Mapping[str, str]) -> Templates:
    return tuple((name, parse(text)) for name, text in sorted(texts.items()))


class Watch:
    """The bound `verify` of a running ladder, and which layouts can move it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._triggers = Triggers([plan])
        self._known: dict[str, tuple[IntArray, bool]] = {}

    def touched_by(self, digest: str, layout: Layout, store: Store) -> bool:
        """Whether a batch of this layout brings a sample that the expression selects."""
        rows, touched = self._known.get(digest, (None, False))
        if rows is not layout.kept_rows:
            touched = bool(self._triggers.of(store.labels(row) for row in layout.kept_rows.tolist()))
            self._known[digest] = layout.kept_rows, touched
        return touched
