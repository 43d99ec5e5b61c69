"""Times that come again: what cron's five fields mean, in time zones whose clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import cron
from engine.core.scaling.rule import Schedule
from engine.core.scaling.schedule import bounds
from engine.rulefile.zones import zone
from tests.core.scaling_world import scale

BERLIN = "Europe/Berlin"


def at(text: str, name: str = "UTC") -> int:
    """Unix seconds of a local time."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(name)).timestamp())


def shown(at_s: int | None, name: str = "UTC") -> str:
    assert at_s is not None
    return datetime.fromtimestamp(at_s, ZoneInfo(name)).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "now", "last", "following"),
    [
        ("0 8 * * *", "2026-03-04 09:00", "2026-03-04 08:00", "2026-03-05 08:00"),
        ("0 8 * * *", "2026-03-04 08:00", "2026-03-04 08:00", "2026-03-05 08:00"),
        ("*/15 * * * *", "2026-03-04 09:14", "2026-03-04 09:00", "2026-03-04 09:15"),
        ("5-59/20 9,17 * * *", "2026-03-04 12:00", "2026-03-04 09:45", "2026-03-04 17:05"),
        ("30 6 * * mon-fri", "2026-03-07 12:00", "2026-03-06 06:30", "2026-03-09 06:30"),
        ("0 0 * * 7", "2026-03-04 12:00", "2026-03-01 00:00", "2026-03-08 00:00"),
        ("0 0 * * 5-7", "2026-03-04 12:00", "2026-03-01 00:00", "2026-03-06 00:00"),
        ("0 0 1 jan *", "2026-03-04 12:00", "2026-01-01 00:00", "2027-01-01 00:00"),
        ("0 0 29 2 *", "2026-03-04 12:00", "2024-02-29 00:00", "2028-02-29 00:00"),
        ("0 0 13 * fri", "2026-03-04 12:00", "2026-02-27 00:00", "2026-03-06 00:00"),
        ("0 0 31 * *", "2026-03-04 12:00", "2026-01-31 00:00", "2026-03-31 00:00"),
        ("@weekly", "2026-03-04 12:00", "2026-03-01 00:00", "2026-03-08 00:00"),
        ("7/20 * * * *", "2026-03-04 12:00", "2026-03-04 11:47", "2026-03-04 12:07"),
    ],
)
def test_when_it_was_and_will_be(text: str, now: str, last: str, following: str) -> None:
    """The last time at or before, the next after."""
    found = cron.parse(text)
    assert shown(cron.last(found, cron.UTC, at(now))) == last
    assert shown(cron.following(found, cron.UTC, at(now))) == following


def test_hours_are_those_of_the_place() -> None:
    """Eight in the morning is eight in summer and in winter."""
    eight = cron.parse("0 8 * * *")
    for day in ("2026-01-15", "2026-07-15"):
        assert cron.last(eight, zone(BERLIN), at(f"{day} 12:00", BERLIN)) == at(f"{day} 08:00", BERLIN)


def test_a_time_that_the_clock_leaves_out_comes_when_it_is_put_forward() -> None:
    """02:30 on the last Sunday of March is the moment at which it becomes 03:00."""
    half_past_two = cron.parse("30 2 * * *")
    assert (
        shown(cron.following(half_past_two, zone(BERLIN), at("2026-03-29 00:00", BERLIN)), BERLIN) == "2026-03-29 03:00"
    )


def test_a_time_that_comes_twice_counts_once() -> None:
    """02:30 on the last Sunday of October is the first of the two."""
    half_past_two, first = cron.parse("30 2 * * *"), at("2026-10-25 02:30", BERLIN)
    assert cron.following(half_past_two, zone(BERLIN), at("2026-10-25 00:00", BERLIN)) == first
    assert shown(cron.following(half_past_two, zone(BERLIN), first), BERLIN) == "2026-10-26 02:30"
    assert cron.last(half_past_two, zone(BERLIN), first + 3600) == first


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2069, 1, 1)),
    st.sampled_from(["Asia/Kolkata", BERLIN, "America/New_York"]),
)
def test_a_zone_is_what_the_machine_says(when: datetime, name: str) -> None:
    """The table of offsets and the time zone database agree at every moment."""
    local = when.replace(tzinfo=UTC).astimezone(ZoneInfo(name))
    assert timedelta(seconds=cron.offset_s(zone(name), round(local.timestamp()))) == local.utcoffset()


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from(["0 8 * * *", "*/7 1-3 * * *", "30 2 1-9 * sun", "15 */6 * * 1,3"]),
    st.sampled_from(["UTC", BERLIN]),
)
def test_last_and_following_meet(when: datetime, text: str, name: str) -> None:
    """Between the last time and the next there is none."""
    found, now_s = cron.parse(text), round(when.replace(tzinfo=UTC).timestamp())
    last = cron.last(found, zone(name), now_s)
    following = cron.following(found, zone(name), now_s)
    assert last is not None
    assert following is not None
    assert last <= now_s < following
    assert cron.following(found, zone(name), last) == following
    assert cron.last(found, zone(name), following - 1) == last


def hours(*schedules: Schedule, now: str) -> tuple[int, int]:
    found = bounds(scale(least=1, most=10, schedules=schedules), {BERLIN: zone(BERLIN)}, at(now, BERLIN) * 1000)
    return found.min, found.max


def test_the_schedule_that_began_last_counts() -> None:
    """Without a duration it holds until another one comes; with one it gives way to what held before."""
    day = Schedule(cron="0 8 * * *", zone=BERLIN, min=4)
    night = Schedule(cron="0 20 * * *", zone=BERLIN, min=2, max=5)
    noon = Schedule(cron="0 12 * * *", zone=BERLIN, duration_ms=3_600_000, min=8, max=8)
    every = day, night, noon
    assert hours(*every, now="2026-07-15 07:59") == (2, 5)
    assert hours(*every, now="2026-07-15 08:00") == (4, 10)
    assert hours(*every, now="2026-07-15 12:59") == (8, 8)
    assert hours(*every, now="2026-07-15 13:00") == (4, 10)
    assert hours(now="2026-07-15 13:00") == (1, 10)


def test_bounds_say_how_long_they_hold() -> None:
    """So the calendar need not be asked every second."""
    noon = Schedule(cron="0 12 * * *", zone=BERLIN, duration_ms=3_600_000, min=8)
    rule, zones = scale(schedules=(noon,)), {BERLIN: zone(BERLIN)}
    before = bounds(rule, zones, at("2026-07-15 11:00", BERLIN) * 1000)
    within = bounds(rule, zones, at("2026-07-15 12:00", BERLIN) * 1000)
    assert before.until_ms == at("2026-07-15 12:00", BERLIN) * 1000
    assert within.until_ms == at("2026-07-15 13:00", BERLIN) * 1000
