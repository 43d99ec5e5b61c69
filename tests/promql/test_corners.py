"""Corners in which Prometheus does what one would not guess. Each value here is Prometheus' own."""

import math

import pytest

from engine.promql import Note, PromqlError, compile_query
from tests.promql.columns import STEP_MS, ask, labels, store_of

NAN = math.nan


@pytest.mark.parametrize(
    ("function", "value"),
    [("year", 292277026596), ("month", 12), ("day_of_month", 4), ("day_of_week", 0), ("hour", 15), ("minute", 30)],
)
@pytest.mark.parametrize("time", ["NaN", "Inf", "-Inf", "1e300"])
def test_what_is_no_time_has_the_date_that_go_gives_it(function: str, value: float, time: str) -> None:
    """A float beyond 64 bits becomes -2^63 seconds, which wrap around."""
    assert ask(store_of({}), f"{function}(vector({time}))", 0) == {(): value}


def test_bounds_of_clamp_reach_nan_when_they_are_infinite() -> None:
    """Of NaN and +Inf the larger is +Inf, though otherwise NaN wins."""
    store = store_of({labels("x"): [NAN]})
    assert ask(store, "clamp_min(x, Inf)", 0) == {(): math.inf}
    assert ask(store, "clamp_max(x, -Inf)", 0) == {(): -math.inf}
    assert math.isnan(ask(store, "clamp_max(x, 1)", 0)[()])


def test_the_extreme_of_nothing_but_nan_is_the_last() -> None:
    """Each NaN takes the place of the one before."""
    store = store_of({labels("x"): [NAN, NAN, NAN]})
    assert ask(store, "ts_of_max_over_time(x[1m])", 2 * STEP_MS) == {(): 20.0}


def test_a_counted_value_is_no_label_where_that_label_is_left_out() -> None:
    """`without` names the labels that the result does not have, the new one too."""
    store = store_of({labels("x", i="1"): [1.0], labels("x", i="2"): [2.0]})
    assert ask(store, 'count_values without (i) ("i", x)', 0) == {(): 2.0}
    assert ask(store, 'count_values without (i) ("v", x)', 0) == {(("v", "1"),): 1.0, (("v", "2"),): 1.0}


def test_a_name_can_be_taken_over_from_the_one_side() -> None:
    """`group_left(__name__)` sets the name after arithmetic has removed it."""
    store = store_of({labels("many", i="1"): [6.0], labels("one"): [2.0]})
    assert ask(store, "many / on () group_left (__name__) one", 0) == {labels("one", i="1"): 3.0}


def test_absence_is_seen_whatever_the_names() -> None:
    """Series that differ only in their names are no reason for `absent_over_time` to fail."""
    store = store_of({labels("x"): [1.0], labels("y"): [1.0]})
    assert ask(store, 'absent_over_time({__name__=~"x|y"}[1m])', 0) == {}


def test_smoothing_refuses_its_factors_as_soon_as_there_is_a_sample() -> None:
    """One sample is not enough for a result, but for the error."""
    store = store_of({labels("x"): [1.0]})
    assert ask(store, "double_exponential_smoothing(y[1m], 2, 0.5)", 0) == {}
    with pytest.raises(PromqlError, match="invalid smoothing factor"):
        ask(store, "double_exponential_smoothing(x[1m], 2, 0.5)", 0)


def test_a_mean_is_rounded_where_prometheus_rounds_it() -> None:
    """The sum and what was lost of it are divided each by itself."""
    values = [0.8, 0.1, 0.0, 0.8, 0.4, 0.8, 0.0]
    assert ask(store_of({labels("x"): values}), "avg_over_time(x[2m])", 6 * STEP_MS) == {(): 0.41428571428571426}


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("irate(gauge[1m])", []),
        ("histogram_quantile(2, h)", ["quantile value should be between 0 and 1, got 2"]),
        ("quantile(1234567, gauge)", ["quantile value should be between 0 and 1, got 1.234567e+06"]),
    ],
)
def test_nothing_is_remarked_that_prometheus_does_not_remark(text: str, notes: list[str]) -> None:
    """`irate` asks for no counter; buckets that do not rise do not matter where they are not looked at."""
    buckets = {labels("h", le=bound): [count] for bound, count in (("1", 3.0), ("2", 1.0), ("+Inf", 4.0))}
    store = store_of({labels("gauge"): [1.0, 2.0], **buckets})
    found: tuple[Note, ...] = compile_query(text).instant(store, STEP_MS).notes
    assert [note.text for note in found] == notes
