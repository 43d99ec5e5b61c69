"""Which alerts about samples are about events after all: their series were counted, or recorded, from events."""

from collections.abc import Iterable

from engine.core.program import AlertRule, Program, RecordingRule
from engine.promql import Plan, exact_name

EVENTS_TOTAL = "ops_events_total"
"""Counts every event by where it is from and what it is."""
_ALERTS = ("ALERTS", "ALERTS_FOR_STATE")


def about_events(program: Program, planned: Iterable[tuple[AlertRule | RecordingRule, Plan]]) -> frozenset[str]:
    """The ids of the alerting rules that look at what was made of events, by however many recording rules between."""
    looks_at = [(rule, {exact_name(each.matchers) for each in plan.selectors}) for rule, plan in planned]
    made = {EVENTS_TOTAL, *(counter.name for counter in program.counters), *(_ALERTS if program.events else ())}
    recorded = [(rule.name, names) for rule, names in looks_at if isinstance(rule, RecordingRule)]
    while more := {name for name, names in recorded if name not in made and _may_pick(names, made)}:
        made |= more
    return frozenset(rule.id for rule, names in looks_at if isinstance(rule, AlertRule) and _may_pick(names, made))


def _may_pick(names: set[str | None], made: set[str]) -> bool:
    """A selector without a name may pick anything."""
    return None in names or not names.isdisjoint(made)
