"""Whether both sides compute the same numbers: every rule, at every moment at which Prometheus evaluated it.

Prometheus is asked for the samples that it holds, and our columns are filled with these; then both evaluate the same
expression at the same time, and not one bit may differ.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.promql import Store, compile_expr
from schemas.labels import Labels
from tests.bench.beside.prometheus import Prometheus, Series
from tests.bench.beside.shop import FAMILIES, RULES, Rule

WINDOW_S = 60


class Compared(NamedTuple):
    """How many values of one rule were compared, in how many rounds, and how many of them are not the same."""

    rule: Rule
    rounds: int
    values: int
    different: int


async def compare(prometheus: Prometheus, end_ms: int, span_s: int) -> list[Compared]:
    """All rounds of the `span_s` seconds up to `end_ms`."""
    store = Store()
    for family in FAMILIES:
        _fill(store, await prometheus.samples(f"{family.name}[{span_s + WINDOW_S}s]", end_ms))
    # The rules are of one group, so they are evaluated at the same moments, and these are the times of its alerts.
    told = await prometheus.samples(f"ALERTS[{span_s}s]", end_ms)
    times_ms = sorted({time_ms for series in told for time_ms in series.times_ms})
    return [await _compare(prometheus, store, rule, times_ms) for rule in RULES]


def _fill(store: Store, found: Sequence[Series]) -> None:
    """Series with the same times are those of one target: they are appended together, as scrapes are."""
    together: dict[tuple[int, ...], list[Series]] = defaultdict(list)
    for series in found:
        together[series.times_ms].append(series)
    for times_ms, scraped in together.items():
        rows = store.rows([series.labels for series in scraped])
        lines = np.array([series.values for series in scraped]).T
        for time_ms, values in zip(times_ms, lines, strict=True):
            store.append(rows, time_ms, np.ascontiguousarray(values))


async def _compare(prometheus: Prometheus, store: Store, rule: Rule, times_ms: Sequence[int]) -> Compared:
    plan = compile_expr(rule.value)
    values = different = 0
    for time_ms in times_ms:
        theirs = await prometheus.instant(rule.value, time_ms)
        ours = dict(plan.evaluate(store, time_ms).items())
        values += len(theirs)
        different += sum(not _same(theirs.get(labels), ours.get(labels)) for labels in theirs.keys() | ours.keys())
    return Compared(rule, len(times_ms), values, different)


def _same(theirs: float | None, ours: float | None) -> bool:
    return theirs == ours or repr(theirs) == repr(ours) == "nan"


def apart(theirs: set[Labels], ours: set[Labels]) -> int:
    """How many alerts fire on one side only."""
    return len(theirs ^ ours)
