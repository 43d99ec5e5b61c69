"""The notation for series: what each form stands for, and what is said about one that is none."""

import math
from itertools import chain

import pytest

from engine.ruletest.notation import metric, series, values
from schemas.samples import is_stale


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("", {}),
        ("up", {"__name__": "up"}),
        ("up{}", {"__name__": "up"}),
        ("job:up:rate5m", {"__name__": "job:up:rate5m"}),
        ('{a="b"}', {"a": "b"}),
        ('up{job="x", instance="y",}', {"__name__": "up", "job": "x", "instance": "y"}),
        ("up { job = 'it\\'s' , path=`a\\b` }", {"__name__": "up", "job": "it's", "path": "a\\b"}),
        ('up{text="} , { \\"\\n"}', {"__name__": "up", "text": '} , { "\n'}),
        ('{"http.requests", "a.b"="c"}', {"__name__": "http.requests", "a.b": "c"}),
        ('up{job=""}', {"__name__": "up"}),
    ],
)
def test_a_series_is_its_labels(text: str, labels: dict[str, str]) -> None:
    """Every way to write a series gives its label set, without empty values."""
    assert dict(metric(text)) == labels


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", []),
        ("1 -2 +3 .5 1e3 1.5E-1 1_000", [1, -2, 3, 0.5, 1000, 0.15, 1000]),
        ("1x3", [1, 1, 1, 1]),
        ("1x0", [1]),
        ("0x3", [0, 0, 0, 0]),
        ("1+2x3", [1, 3, 5, 7]),
        ("10-2x2", [10, 8, 6]),
        ("-2+4x1", [-2, 2]),
        ("1+.5x1 7", [1, 1.5, 7]),
        ("_ 1 _x2 2", [None, 1, None, None, 2]),
        ("Inf -inf Inf+1x1", [math.inf, -math.inf, math.inf, math.inf]),
        ("010 09 -017x1", [8, 9, -15, -15]),
        ("0.1+0.1x2", [0.1, 0.2, 0.1 + 0.1 + 0.1]),
    ],
)
def test_values_are_written_one_by_one_or_in_runs(text: str, numbers: list[float | None]) -> None:
    """A run has one value more than its count, each a step from the one before; `_` is no sample."""
    assert list(chain.from_iterable(values(text))) == numbers


def test_stale_is_the_staleness_marker_and_nan_is_not() -> None:
    """`stale` ends a series; `NaN` is a value."""
    stale, number = chain.from_iterable(values("stale NaN"))
    assert stale is not None
    assert number is not None
    assert is_stale(stale)
    assert math.isnan(number)
    assert not is_stale(number)


def test_a_run_of_any_length_costs_nothing_until_it_is_looked_at() -> None:
    """Authors write `0x10000000` for "always"."""
    (run,) = values("0x99999999999999")
    assert next(iter(run)) == 0


@pytest.mark.parametrize(
    "text", ["1 two", "1+2", "1x", "x3", "stalex3", "1,2", "_x", "--1", "1+2xx3", "NaNx2", "1+Infx2", "1\u00a02"]
)
def test_what_are_no_values_is_named(text: str) -> None:
    """The item that cannot be read is in the message."""
    with pytest.raises(ValueError, match="expected values such as 1 _ stale 0"):
        values(text)


def test_native_histograms_are_refused_by_name() -> None:
    """They are not part of this engine, and nobody shall look for the reason."""
    with pytest.raises(ValueError, match="native histograms are not supported"):
        values("{{schema:1 sum:2 count:3}}")


def test_a_series_has_no_blank_before_its_brace() -> None:
    """An expected sample may have one: Prometheus reads the two by different rules."""
    assert metric('up {job="x"}') == metric('up{job="x"}')
    with pytest.raises(ValueError, match="a blank before the brace"):
        series('up {job="x"}')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('up{job="x"', "expected a comma or the closing brace"),
        ("up{job=x}", "expected a label such as"),
        ("up{", "got nothing more"),
        ('up{job="x" instance="y"}', "expected a comma or the closing brace"),
        ("up 1", "expected a series such as"),
        ("5xx", "expected a series such as"),
    ],
)
def test_what_is_no_series_is_named(text: str, message: str) -> None:
    """The message says what was expected, and after what."""
    with pytest.raises(ValueError, match=message):
        metric(text)
