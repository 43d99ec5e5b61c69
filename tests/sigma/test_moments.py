"""Points in time and their parts."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sigma.moments import Moment, moment

TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.timezones() | st.just(UTC))


@given(TIMES)
def test_parts_are_those_of_the_calendar_in_utc(time: datetime) -> None:
    """Of RFC 3339 in any zone, and of seconds since 1970."""
    time = time.replace(microsecond=0)
    utc = time.astimezone(UTC)
    expected = Moment(utc.minute, utc.hour, utc.day, utc.isocalendar().week, utc.month, utc.year)
    if (offset := time.utcoffset()) is not None and offset.seconds % 60 == 0:
        assert moment(time.isoformat()) == expected
    if utc.timestamp() >= 0:
        assert moment(utc.timestamp()) == moment(str(int(utc.timestamp()))) == expected


@pytest.mark.parametrize(
    "value",
    [
        "2023-02-29T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01",
        "soon",
        -1,
        10**12,
        None,
        True,
    ],
)
def test_what_is_no_point_in_time_has_no_parts(value: object) -> None:
    """Days that no calendar has, dates without a time, and numbers too large for seconds."""
    assert moment(value) is None
