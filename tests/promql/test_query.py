"""Queries: answers of every type, ranges, remarks, and metric names that are removed at once or in the end."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.promql import Matrix, Note, PromqlError, Store, Vector, compile_query
from engine.promql.dates import DATE_FUNCTIONS
from schemas.labels import Labels
from tests.promql.columns import STEP_MS, labels, store_of


def counting() -> Store:
    """Two counters that start at different times, and a gauge with a gap."""
    return store_of(
        {
            labels("a_total", i="1"): [0.0, 10.0, 20.0, 30.0],
            labels("a_total", i="2"): [None, None, 5.0, 6.0],
            labels("gauge"): [1.0, None, 3.0, 4.0],
        }
    )


def points(matrix: object) -> dict[Labels, list[tuple[int, float]]]:
    assert isinstance(matrix, tuple)
    series: Matrix = matrix
    return {each.labels: list(zip(each.times_ms.tolist(), each.values.tolist(), strict=True)) for each in series}


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [("1 + 1", "scalar", 2.0), ("'a' ", "string", "a"), ("scalar(gauge)", "scalar", 4.0), ("(`\\n`)", "string", "\\n")],
)
def test_scalars_and_strings_are_answers(text: str, type_: str, value: float | str) -> None:
    """An answer says which of the four types it is of."""
    answer = compile_query(text).instant(counting(), 3 * STEP_MS)
    assert (answer.type, answer.value, answer.notes) == (type_, value, ())


def test_a_range_vector_is_an_answer_with_the_samples_as_they_are() -> None:
    """Ranges are open on the left, and every sample has its own time."""
    answer = compile_query("gauge[20s]").instant(counting(), 3 * STEP_MS)
    assert answer.type == "matrix"
    assert points(answer.value) == {labels("gauge"): [(20_000, 3.0), (30_000, 4.0)]}


def test_a_subquery_is_an_answer_at_its_own_steps() -> None:
    """Steps are multiples of the step, whatever the time of the query; the step that is not said can be chosen."""
    answer = compile_query("sum(a_total)[20s:10s]").instant(counting(), 3 * STEP_MS + 1234)
    assert points(answer.value) == {(): [(20_000, 25.0), (30_000, 36.0)]}
    stepless = compile_query("sum(a_total)[20s:]", subquery_step_ms=15_000).instant(counting(), 3 * STEP_MS)
    assert points(stepless.value) == {(): [(15_000, 10.0), (30_000, 36.0)]}


def test_a_range_query_has_a_point_wherever_there_is_a_value() -> None:
    """Series that come later, or are filtered at times, have fewer points; lookback fills gaps."""
    store = counting()
    assert points(compile_query("a_total > 5").over(store, 0, 30_000, 10_000).value) == {
        labels("a_total", i="1"): [(10_000, 10.0), (20_000, 20.0), (30_000, 30.0)],
        labels("a_total", i="2"): [(30_000, 6.0)],
    }
    assert points(compile_query("gauge").over(store, 10_000, 20_000, 10_000).value) == {
        labels("gauge"): [(10_000, 1.0), (20_000, 3.0)]
    }
    assert points(compile_query("time()").over(store, 1000, 3000, 1000).value) == {
        (): [(1000, 1.0), (2000, 2.0), (3000, 3.0)]
    }


def test_a_range_query_equals_its_instant_queries() -> None:
    """The points of a range query are the values at its steps."""
    store = counting()
    query = compile_query("sum by (i) (rate(a_total[20s])) or gauge")
    over = points(query.over(store, 0, 30_000, 5000).value)
    for time_ms in range(0, 30_001, 5000):
        vector = query.instant(store, time_ms).value
        assert isinstance(vector, Vector)
        expected = {each: found[time_ms] for each, found in ((k, dict(v)) for k, v in over.items()) if time_ms in found}
        assert dict(vector.items()) == expected


@pytest.mark.parametrize(
    ("text", "start_ms", "end_ms", "step_ms", "problem"),
    [("gauge[1m]", 0, 1, 1, "invalid expression type"), ("'a'", 0, 1, 1, "invalid"), ("1", 0, 11_001, 1, "resolution")],
)
def test_what_has_no_range_is_an_error(text: str, start_ms: int, end_ms: int, step_ms: int, problem: str) -> None:
    """Worded as Prometheus does."""
    with pytest.raises(PromqlError, match=problem):
        compile_query(text).over(counting(), start_ms, end_ms, step_ms)


def test_at_and_the_bounds_of_a_range_query() -> None:
    """`@` fixes the time that a selector looks at; `start()` and `end()` are those of the whole query."""
    store = counting()
    for text, value in (("gauge @ 20", 3.0), ("gauge @ start()", 1.0), ("gauge @ end()", 4.0), ("gauge @ 0", 1.0)):
        over = points(compile_query(text).over(store, 10_000, 30_000, 20_000).value)
        assert over == {labels("gauge"): [(10_000, value), (30_000, value)]}


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("rate(gauge[1m])", "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count"),
        ("quantile(2, gauge)", "PromQL warning: quantile value should be between 0 and 1, got 2"),
        ("quantile_over_time(NaN, gauge[1m])", "PromQL warning: quantile value should be between 0 and 1, got NaN"),
        (
            "histogram_quantile(0.5, gauge)",
            'PromQL warning: bucket label "le" is missing or has a malformed value of ""',
        ),
        ("limit_ratio(-1.5, gauge)", "PromQL warning: ratio value should be between -1 and 1, got -1.5, capping to -1"),
    ],
)
def test_remarks_are_worded_as_in_prometheus(text: str, note: str) -> None:
    """What is remarkable about an evaluation does not change its result, and is said once."""
    (found,) = compile_query(text).over(counting(), 10_000, 30_000, 10_000).notes
    assert isinstance(found, Note)
    assert str(found).startswith(note)


def test_names_are_removed_at_once_unless_that_is_delayed() -> None:
    """As in Prometheus the rule engine drops them where they cease to hold; with the feature flag, in the end."""
    text = 'sum by (__name__) (rate({__name__=~"a_total|gauge"}[30s]))'
    at_once = compile_query(text).instant(counting(), 30_000).value
    assert isinstance(at_once, Vector)
    assert list(at_once.labels) == [()]
    delayed = compile_query(f'label_replace({text}, "name", "$1", "__name__", "(.*)")', delayed_name_removal=True)
    answer = delayed.instant(counting(), 30_000).value
    assert isinstance(answer, Vector)
    assert list(answer.labels) == [(("name", "a_total"),), (("name", "gauge"),)]


def test_a_query_has_no_placeholders() -> None:
    """There is no alert whose labels could stand for them."""
    with pytest.raises(PromqlError, match="placeholders"):
        compile_query('up{a="{{ $labels.a }}"}')


@given(st.integers(-(10**10), 10**11))
def test_date_functions_agree_with_the_calendar(seconds: int) -> None:
    """Years 1653 to 5138."""
    moment = datetime.fromtimestamp(seconds, UTC)
    got = {name: function(np.array([float(seconds)]))[0] for name, function in DATE_FUNCTIONS.items()}
    next_month = datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
    assert got == {
        "day_of_month": moment.day,
        "day_of_week": moment.isoweekday() % 7,
        "day_of_year": moment.timetuple().tm_yday,
        "days_in_month": (next_month - datetime(moment.year, moment.month, 1, tzinfo=UTC)).days,
        "hour": moment.hour,
        "minute": moment.minute,
        "month": moment.month,
        "year": moment.year,
    }
