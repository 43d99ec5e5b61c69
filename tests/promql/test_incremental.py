"""Evaluation as samples arrive, with all that is remembered in between, gives what evaluation from scratch gives."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.promql import Plan, PromqlError, Store, compile_expr
from schemas.labels import Labels
from schemas.samples import STALE
from tests.promql.columns import STEP_MS, exact, labels, store_of
from tests.promql.expressions import NAMES, expressions

SERIES = [labels(name, i=str(i), zone=str(i % 2)) for name in NAMES for i in range(4)]
EXPRS = (
    'a_total{zone="1"}',
    "rate(a_total[1m])",
    "sum by (zone) (rate(a_total[1m])) / sum by (zone) (count_over_time(b[1m]))",
    "max_over_time(b[2m]) - min_over_time(b[2m])",
    "a_total > on (i) group_left b",
    "topk(2, b) or a_total",
    'label_replace(-b, "i", "$1$1", "i", "(.)")',
    "max_over_time(sum(b)[1m:10s])",
    'count({i=~".+"})',
    "changes(b[2m] offset 30s)",
)
LOOKBACK_STEPS = 30


@dataclass(frozen=True)
class Scrape:
    """Samples of some series taken `late` steps before the present step; the one after it may forget old series."""

    series: tuple[int, ...]
    values: tuple[float, ...]
    late: int
    steps: int
    forgets: bool


scrapes = st.lists(
    st.builds(
        Scrape,
        series=st.lists(st.integers(0, len(SERIES) - 1), unique=True, max_size=len(SERIES)).map(tuple),
        values=st.tuples(*[st.one_of(st.integers(0, 20).map(float), st.just(STALE)) for _ in SERIES]),
        late=st.one_of(st.just(0), st.integers(0, 5)),
        steps=st.one_of(st.just(1), st.integers(0, LOOKBACK_STEPS + 5)),
        forgets=st.booleans(),
    ),
    max_size=25,
)


def append(store: Store, series: list[Labels], step: int, values: list[float]) -> None:
    store.append(store.rows(series), step * STEP_MS, np.array(values))


def answers(plans: list[Plan], store: Store, step: int) -> list[list[tuple[Labels, bytes]] | str]:
    """Each value, or the error in its place."""
    return [answer(plan, store, step * STEP_MS) for plan in plans]


def answer(plan: Plan, store: Store, time_ms: int) -> list[tuple[Labels, bytes]] | str:
    try:
        return exact(plan.evaluate(store, time_ms))
    except PromqlError as error:
        return str(error)


def planned(exprs: Sequence[str]) -> list[Plan]:
    """Those that are expressions."""
    plans = []
    for expr in exprs:
        with suppress(PromqlError):
            plans.append(compile_expr(expr))
    return plans


@settings(max_examples=150, deadline=None)
@given(scrapes, st.lists(expressions(), max_size=8))
def test_evaluating_on_arrival_equals_evaluating_from_scratch(taken: list[Scrape], drawn: list[str]) -> None:
    """Of any expression, for series that come, go, stop, restart, are late, and lie in whatever blocks; to the bit."""
    exprs = [*EXPRS, *drawn]
    plans = planned(exprs)
    store, history, step = store_of({}), [], 0
    for scrape in taken:
        step += scrape.steps
        series = [SERIES[i] for i in scrape.series]
        sampled = max(step - scrape.late, 0)
        values = [scrape.values[i] for i in scrape.series]
        append(store, series, sampled, values)
        history += [(each, sampled, value) for each, value in zip(series, values, strict=True)]
        if scrape.forgets:
            store.retain([selector for plan in plans for selector in plan.selectors])
            store.expire(step * STEP_MS)
        scratch = store_of({})
        for each, sampled, value in history:
            append(scratch, [each], sampled, [value])
        assert answers(plans, store, step) == answers(planned(exprs), scratch, step)


@settings(max_examples=30, deadline=None)
@given(scrapes, scrapes, st.lists(expressions(), max_size=8))
def test_a_restored_store_goes_on_as_the_one_that_was_saved(
    before: list[Scrape], after: list[Scrape], drawn: list[str]
) -> None:
    """Save and restore in the middle of every window changes nothing, now or later."""
    plans = planned([*EXPRS, *drawn])
    stores, step = [store_of({})], 0
    for nth, scrape in enumerate([*before, *after]):
        if nth == len(before):
            stores.append(Store.load(stores[0].dump()))
        step += scrape.steps
        for store in stores:
            series = [SERIES[i] for i in scrape.series]
            append(store, series, max(step - scrape.late, 0), [scrape.values[i] for i in scrape.series])
            if scrape.forgets:
                store.expire(step * STEP_MS)
        first, *others = (answers(plans, store, step) for store in stores)
        assert all(other == first for other in others)
    assert len({store.dump() for store in stores}) == 1
