"""Durations are read as Prometheus reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.durations import duration_ms

UNITS_MS = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


@given(st.dictionaries(st.sampled_from(list(UNITS_MS)), st.integers(0, 100), min_size=1))
def test_units_from_large_to_small_add_up(counts: dict[str, int]) -> None:
    """Each unit at most once, in falling order."""
    written = "".join(f"{counts[unit]}{unit}" for unit in UNITS_MS if unit in counts)
    assert duration_ms(written) == sum(count * UNITS_MS[unit] for unit, count in counts.items())


@pytest.mark.parametrize(("written", "time_ms"), [("0", 0), ("5m", 300_000), ("1h30m", 5_400_000), ("90s", 90_000)])
def test_common_durations(written: str, time_ms: int) -> None:
    """As in rule files."""
    assert duration_ms(written) == time_ms


@pytest.mark.parametrize("written", ["", "5", "m", "-5m", "+5m", "5 m", "5M", "30m1h", "5m5m", "1.5h", "٣m", "soon"])
def test_anything_else_is_refused_with_what_was_expected(written: str) -> None:
    """The author reads an example and what was found instead."""
    with pytest.raises(ValueError, match="expected a duration such as 5m, got") as refused:
        duration_ms(written)
    assert written in str(refused.value)


def test_what_no_clock_can_hold_is_refused() -> None:
    """Prometheus counts nanoseconds in 64 bits."""
    assert duration_ms("292y") == 292 * UNITS_MS["y"]
    with pytest.raises(ValueError, match="below 292 years"):
        duration_ms("293y")
    with pytest.raises(ValueError, match="expected a duration"):
        duration_ms("9" * 101 + "s")
