"""Numbers are printed digit for digit as Go and Prometheus print them."""

import datetime
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.template import parse

NAN, INFINITY = math.nan, math.inf


def rendered(text: str, value: float) -> str:
    return parse(text).render({}, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"), (-0.0, "-0"), (1.0, "1"), (0.25, "0.25"), (100.0, "100"), (-1.5, "-1.5"),
        (123456.0, "123456"), (999999.5, "999999.5"), (1e6, "1e+06"), (1234567.0, "1.234567e+06"),
        (1e21, "1e+21"), (1e100, "1e+100"), (0.0001, "0.0001"), (0.00001, "1e-05"), (1.5e-7, "1.5e-07"),
        (0.1 + 0.2, "0.30000000000000004"), (5e-324, "5e-324"), (INFINITY, "+Inf"), (-INFINITY, "-Inf"), (NAN, "NaN"),
    ],
)  # fmt: skip
def test_a_value_is_printed_as_go_does(value: float, expected: str) -> None:
    """The shortest digits that read back the same, with an exponent from 1e+06 and below 1e-04."""
    assert rendered("{{ $value }}", value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_value_reads_back_the_same(value: float) -> None:
    """Nothing is lost in printing."""
    assert float(rendered("{{ $value }}", value)) == value


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [
        ("humanize", 0, "0"), ("humanize", 1, "1"), ("humanize", 1234567, "1.235M"), ("humanize", 0.12, "120m"),
        ("humanize", -1000, "-1k"), ("humanize", 1e30, "1e+06Y"), ("humanize", 999.99, "1000"),
        ("humanize", 1e-9, "1n"), ("humanize", NAN, "NaN"), ("humanize", -INFINITY, "-Inf"),
        ("humanize1024", 1, "1"), ("humanize1024", 1024, "1ki"), ("humanize1024", 1048576, "1Mi"),
        ("humanize1024", 0.5, "0.5"), ("humanize1024", -1536, "-1.5ki"),
        ("humanizePercentage", 0.25, "25%"), ("humanizePercentage", 1.234567, "123.5%"),
        ("humanizePercentage", -0.22222, "-22.22%"), ("humanizePercentage", INFINITY, "+Inf%"),
        ("humanizeDuration", 0, "0s"), ("humanizeDuration", 1, "1s"), ("humanizeDuration", 59.5, "59.5s"),
        ("humanizeDuration", 60, "1m 0s"), ("humanizeDuration", 3661, "1h 1m 1s"),
        ("humanizeDuration", 86400, "1d 0h 0m 0s"), ("humanizeDuration", -3600, "-1h 0m 0s"),
        ("humanizeDuration", 0.1234567, "123.5ms"), ("humanizeDuration", NAN, "NaN"),
        ("humanizeTimestamp", 0, "1970-01-01 00:00:00 +0000 UTC"),
        ("humanizeTimestamp", 1435065584.128, "2015-06-23 13:19:44.128 +0000 UTC"),
        ("humanizeTimestamp", -0.5, "1969-12-31 23:59:59.5 +0000 UTC"), ("humanizeTimestamp", INFINITY, "+Inf"),
    ],
)  # fmt: skip
def test_humanize(function: str, value: float, expected: str) -> None:
    """Four digits, with the prefixes and units that Prometheus uses."""
    assert rendered(f"{{{{ $value | {function} }}}}", value) == expected


@given(st.integers(-(10**9), 4 * 10**9))  # beyond, not every second has its float64 in nanoseconds
def test_a_date_is_that_of_the_calendar(time_s: int) -> None:
    """Our arithmetic agrees with Python's calendar, over leap years and before 1970."""
    expected = datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(seconds=time_s)
    assert rendered("{{ $value | humanizeTimestamp }}", time_s) == f"{expected:%Y-%m-%d %H:%M:%S} +0000 UTC"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ('printf "%.2f" $value', "1234.50"), ('printf "%.0f" $value', "1234"), ('printf "%f" $value', "1234.500000"),
        ('printf "%8.1f|" $value', "  1234.5|"), ('printf "%-8.1f|" $value', "1234.5  |"),
        ('printf "%08.1f" $value', "001234.5"),
        ('printf "%+.1f" $value', "+1234.5"), ('printf "%e" $value', "1.234500e+03"), ('printf "%g" $value', "1234.5"),
        ('printf "%.3g" $value', "1.23e+03"), ('printf "%v" $value', "1234.5"), ('printf "%.1v" $value', "1e+03"),
        ('printf "%d" $value', "%!d(float64=1234.5)"), ('printf "%s" $value', "%!s(float64=1234.5)"),
        ('printf "%d|%5d|%-5d|%05d|%x|%#x|%c" 42 42 42 42 42 42 65', "42|   42|42   |00042|2a|0x2a|A"),
        ('printf "%s|%5s|%-5s|%.1s|%q|%x" "ab" "ab" "ab" "ab" "a\\"b" "ab"', 'ab|   ab|ab   |a|"a\\"b"|6162'),
        ('printf "%t %v %T" true true $value', "true true float64"), ('printf "100%%"', "100%"),
        ('printf "%*d" 4 7', "   7"), ('printf "%d %d" 1', "1 %!d(MISSING)"), ('printf "%d" 1 2', "1%!(EXTRA int=2)"),
        ('printf "%[2]d %[1]d %[3]d" 1 2', "2 1 %!d(BADINDEX)"), ('printf "%v %s" nil nil', "<nil> %!s(<nil>)"),
        ('printf "%U %#U %q %O %#o %.3d|%x" 65 65 65 8 8 5 1.5', "U+0041 U+0041 'A' 'A' 0o10 010 005|0x1.8p+00"),
        ('printf "%#q %+q % x %#v" "a" "\u00e9" "hi" "a"', '`a` "\\u00e9" 68 69 "a"'),
        ('printf "%q" (args 1 "a")', 'map["arg0":\'\\x01\' "arg1":"a"]'),
        ('printf "%"', "%!(NOVERB)"), ('printf "%d" "x"', "%!d(string=x)"), ('$value | printf "%.1f"', "1234.5"),
    ],
)  # fmt: skip
def test_printf(action: str, expected: str) -> None:
    """Verbs, flags, width and precision are Go's, and so is what it prints for a mistake."""
    assert rendered("{{ " + action + " }}", 1234.5) == expected
