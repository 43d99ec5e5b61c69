"""Columns on the wire, layouts by digest, and values as Prometheus prints them."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.labels import canonical, text
from schemas.samples import (
    STALE,
    STALE_BITS,
    format_value,
    is_stale,
    layout_digest,
    pack_positions,
    pack_values,
    unpack_positions,
    unpack_values,
)

all_floats = st.floats(allow_nan=True, allow_infinity=True)
bit_patterns = st.integers(0, 2**64 - 1)
label_sets = st.builds(canonical, st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4))


def from_bits(bits: int) -> float:
    value: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
    return value


@given(st.lists(bit_patterns, max_size=20))
def test_a_column_keeps_every_bit(bits: list[int]) -> None:
    """Eight little-endian bytes a sample, in and out, whatever NaN it is."""
    packed = struct.pack(f"<{len(bits)}Q", *bits)
    assert pack_values(unpack_values(packed)) == packed


@given(st.lists(st.integers(0, 2**32 - 1), max_size=20))
def test_positions_come_back(at: list[int]) -> None:
    """Four little-endian bytes each."""
    packed = pack_positions(at)
    assert packed == struct.pack(f"<{len(at)}I", *at)
    assert list(unpack_positions(packed)) == at


def test_the_staleness_marker_is_prometheus_own() -> None:
    """One NaN says that the series ended; every other NaN is a value."""
    assert (STALE_BITS, math.isnan(STALE), is_stale(STALE)) == (0x7FF0000000000002, True, True)
    assert not is_stale(math.nan)
    assert not is_stale(from_bits(0x7FF0000000000001))
    assert not is_stale(0.0)
    assert is_stale(unpack_values(pack_values([STALE]))[0])


@given(st.lists(label_sets, max_size=4), st.lists(label_sets, max_size=4))
def test_a_layout_is_its_series_in_their_order(
    one: list[tuple[tuple[str, str], ...]], other: list[tuple[tuple[str, str], ...]]
) -> None:
    """Equal lists of series have one digest, and others another."""
    assert (layout_digest(one) == layout_digest(other)) == (one == other)
    assert layout_digest(one) == layout_digest(tuple(one))


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-1.0, "-1"),
        (0.1, "0.1"),
        (1.5, "1.5"),
        (100.0, "100"),
        (1e15, "1000000000000000"),
        (1e21, "1000000000000000000000"),
        (1.25e25, "12500000000000000000000000"),
        (123456789.125, "123456789.125"),
        (1e-7, "0.0000001"),
        (5e-324, "0." + "0" * 323 + "5"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
        (STALE, "NaN"),
    ],
)
def test_a_value_is_printed_as_prometheus_does(value: float, printed: str) -> None:
    """As in answers of its API: the fewest digits, without exponent (strconv.FormatFloat 'f', -1)."""
    assert format_value(value) == printed


@given(all_floats)
def test_a_printed_value_reads_back_the_same(value: float) -> None:
    """Nothing is lost in print, and nothing is printed that is not needed."""
    printed = format_value(value)
    assert repr(float(printed)) == repr(value)
    assert "e" not in printed.lower()
    assert not printed.endswith(".0")


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=5))
def test_a_label_set_has_one_form(labels: dict[str, str]) -> None:
    """Sorted by name, without empty values, whatever order it came in."""
    form = canonical(labels)
    assert form == canonical(dict(reversed(labels.items()))) == canonical(dict(form))
    assert list(form) == sorted(form)
    assert dict(form) == {name: value for name, value in labels.items() if value}


@pytest.mark.parametrize(
    ("labels", "printed"),
    [
        ({"__name__": "up", "job": "x", "instance": "a:80"}, 'up{instance="a:80", job="x"}'),
        ({"__name__": "up"}, "up"),
        ({"job": "x"}, '{job="x"}'),
        ({}, "{}"),
        ({"path": 'C:\\a "b"\n'}, '{path="C:\\\\a \\"b\\"\\n"}'),
    ],
)
def test_a_series_is_printed_as_prometheus_does(labels: dict[str, str], printed: str) -> None:
    """The name before the braces, labels sorted, quotes, backslashes and line ends escaped."""
    assert text(canonical(labels)) == printed
