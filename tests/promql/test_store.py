"""The columns: order of arrival, retention, staleness, forgetting, and the dump."""

import itertools
from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.promql import Matcher, Selector, Store, compile_expr
from schemas.labels import Labels
from schemas.samples import STALE
from tests.promql.columns import STEP_MS, ask, exact, labels, store_of

SERIES = [labels("x", i=str(i)) for i in range(3)]
PLANS = [
    compile_expr(text)
    for text in ("x", "rate(x[1m])", "sum without (i) (x)", "max_over_time(x[2m]) - x", "count_over_time(x[5m])")
]
Sample = tuple[int, int, float]

samples = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 80), st.one_of(st.floats(-10, 10), st.just(STALE))),
    max_size=60,
    unique_by=lambda sample: sample[:2],
)


def filled(taken: list[Sample]) -> Store:
    store = store_of({})
    for series, step, value in taken:
        store.append(store.rows([SERIES[series]]), step * STEP_MS, np.array([value]))
    return store


def answers(store: Store) -> list[list[tuple[Labels, bytes]]]:
    moments = itertools.product(PLANS, (0, 25, 60, 81))
    return [exact(plan.evaluate(store, step * STEP_MS)) for plan, step in moments]


@settings(max_examples=60, deadline=None)
@given(samples)
def test_a_loaded_store_answers_as_the_one_that_was_dumped(taken: list[Sample]) -> None:
    """`load(dump())` evaluates to the same bits, and dumps to the same bytes."""
    store = filled(taken)
    loaded = Store.load(store.dump())
    assert answers(loaded) == answers(store)
    assert loaded.dump() == store.dump()
    assert len(loaded) == len(store)


def appended(drawn: tuple[set[int], int, float]) -> Callable[[Store], None]:
    """A scrape of some of the series, somewhat late."""
    which, at_s, value = drawn

    def act(store: Store) -> None:
        rows = store.rows([SERIES[number] for number in sorted(which)])
        store.append(rows, at_s * 1000, np.full(len(rows), value))

    return act


acts = st.one_of(
    st.tuples(st.sets(st.integers(0, 2), min_size=1), st.integers(0, 900), st.sampled_from((1.0, STALE))).map(appended),
    st.sampled_from((10, 60, 400)).map(
        lambda range_s: lambda store: store.retain([Selector((), range_ms=range_s * 1000)])
    ),
    st.integers(0, 900).map(lambda now_s: lambda store: store.expire(now_s * 1000)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(acts, max_size=40), st.integers(0, 40))
def test_a_loaded_store_lives_on_as_the_one_that_was_dumped(script: list[Callable[[Store], None]], cut: int) -> None:
    """Whatever windows come and go: what is dropped and what is forgotten does not depend on a reload."""
    store, loaded = Store(), Store()
    for number, act in enumerate(script):
        if number == cut:
            loaded = Store.load(store.dump())
        act(store)
        if number >= cut:
            act(loaded)
    if cut < len(script):
        assert loaded.dump() == store.dump()
        assert (loaded.samples, len(loaded)) == (store.samples, len(store))
        assert answers(loaded) == answers(store)


@settings(max_examples=60, deadline=None)
@given(samples)
def test_the_order_of_arrival_does_not_matter(taken: list[Sample]) -> None:
    """Samples that come late are put where they belong."""
    in_order = sorted(taken, key=lambda sample: sample[1])
    assert answers(filled(taken)) == answers(filled(in_order))


def test_of_two_samples_at_one_time_the_first_stays() -> None:
    """A second sample at the time of another is ignored, be it the newest or an older one."""
    store = store_of({SERIES[0]: [1.0, 2.0, 3.0]})
    rows = store.rows([SERIES[0]])
    for nth in (0, 1, 2):
        store.append(rows, nth * STEP_MS, np.array([99.0]))
    assert ask(store, "sum_over_time(x[1m])", 2 * STEP_MS) == {labels("", i="0"): 6.0}


def test_samples_beyond_retention_are_dropped_and_those_within_are_kept() -> None:
    """Blocks hold what retention asks, and nothing more."""
    store = store_of({}, keep_ms=600_000)
    rows = store.rows([SERIES[0]])
    for nth in range(1000):
        store.append(rows, nth * STEP_MS, np.array([1.0]))
    store.append(rows, 10 * STEP_MS, np.array([1.0]))
    assert ask(store, "count_over_time(x[10m])", 999 * STEP_MS) == {labels("", i="0"): 60.0}
    assert ask(store, "count_over_time(x[3h])", 999 * STEP_MS) == {labels("", i="0"): 60.0}


def test_retention_follows_the_longest_window_over_a_series() -> None:
    """A series that no selector picks is kept for the lookback only."""
    store = Store()
    store.retain([Selector((Matcher("=", "__name__", "x"),), range_ms=1_800_000)])
    rows = store.rows([labels("x"), labels("y")])
    for nth in range(400):
        store.append(rows, nth * STEP_MS, np.array([1.0, 1.0]))
    assert ask(store, "count_over_time(x[30m])", 399 * STEP_MS) == {(): 180.0}
    assert ask(store, "count_over_time(y[30m])", 399 * STEP_MS) == {(): 30.0}


def test_a_stale_series_is_gone_at_once_but_its_samples_stay_in_ranges() -> None:
    """The staleness marker ends a series; an ordinary NaN is a value."""
    store = store_of({SERIES[0]: [1.0, STALE], SERIES[1]: [1.0, float("nan")]})
    assert list(ask(store, "x", STEP_MS)) == [SERIES[1]]
    assert ask(store, "count_over_time(x[1m])", STEP_MS) == {labels("", i="0"): 1.0, labels("", i="1"): 2.0}


def test_expired_series_are_forgotten_and_their_rows_serve_others() -> None:
    """Series that come and go do not use up memory, and a new series has nothing of the old one."""
    store = store_of({}, keep_ms=300_000)
    for generation in range(50):
        series = [labels("x", pod=f"{generation}-{n}") for n in range(20)]
        store.append(store.rows(series), generation * 600_000, np.ones(20))
        store.expire(generation * 600_000)
        assert len(store) == 20
        assert list(ask(store, "count_over_time(x[5m])", generation * 600_000).values()) == [1.0] * 20
    assert len(store.dump()) < 10_000


def test_a_selection_of_a_loaded_store_knows_when_the_last_series_of_its_name_is_gone() -> None:
    """Nobody looks for a series where it no longer lies."""
    store = Store.load(store_of({SERIES[0]: [1.0]}, keep_ms=300_000).dump())
    plan = compile_expr("x")
    assert len(plan.evaluate(store, 0)) == 1
    store.expire(600_000)
    assert len(plan.evaluate(store, 600_000)) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.booleans()), max_size=30))
def test_what_a_label_is_asked_for_is_found_as_series_come_and_go(script: list[tuple[str, str, bool]]) -> None:
    """A selector with one value of a label picks the same series as one that tries them all."""
    store = Store()
    for step, (job, pod, expire) in enumerate(script):
        time_ms = step * 100_000
        store.append(store.rows([labels("m", job=job, pod=pod)]), time_ms, np.ones(1))
        if expire:
            store.expire(time_ms)
        for text in ('m{job="a"}', 'm{pod="x",job=~"a|b"}', 'm{none="1"}'):
            tried = text.replace('="', '=~"').replace("=~~", "=~")
            assert ask(store, text, time_ms) == ask(store, tried, time_ms)


def test_the_version_changes_with_the_set_of_series_and_not_with_samples() -> None:
    """What was derived from labels holds as long as the version does."""
    store = store_of({SERIES[0]: [1.0]})
    before = store.version
    store.append(store.rows([SERIES[0]]), STEP_MS, np.array([2.0]))
    assert store.version == before
    store.rows([SERIES[1]])
    assert store.version > before


def test_results_come_in_the_order_of_labels() -> None:
    """The order in which series were first seen leaves no trace."""
    forwards = store_of({series: [1.0] for series in SERIES})
    backwards = store_of({series: [1.0] for series in reversed(SERIES)})
    assert list(ask(forwards, "x", 0)) == list(ask(backwards, "x", 0)) == SERIES


def test_an_evaluation_sees_series_that_came_after_an_earlier_one() -> None:
    """Cached selections and groups are given up when a series of that name comes or goes."""
    store = store_of({SERIES[0]: [1.0]})
    plan = compile_expr("sum(x) + on () group_left () count(x)")
    assert [value for _, value in plan.evaluate(store, 0).items()] == [2.0]
    store.append(store.rows([SERIES[1]]), 0, np.array([5.0]))
    assert [value for _, value in plan.evaluate(store, 0).items()] == [8.0]
