"""Times that come again, written as for cron, in a time zone: when it was last so, and when it will be next.

Pure arithmetic on whole seconds. The libraries for this reckon with `datetime`, and a time zone is a file of the
machine; the core takes both as numbers, so that a replay elsewhere finds the same hours: a `Zone` is its table of
offsets, which whoever loads the rules reads once.
"""

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from engine.template.civil import date, weekday
from schemas.wording import shown

Zone = tuple[tuple[int, int], ...]
"""From when on (Unix seconds, ascending) local time is so many seconds ahead of UTC."""

UTC: Zone = ((-(2**40), 0),)

_DAY_S = 86_400
_LONGEST_DAYS = 8 * 366 + 1
"""From one 29th of February to the next, over a year that has none."""

_MONTHS = dict(
    zip(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), range(1, 13), strict=True)
)
_DAYS = dict(zip(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), range(7), strict=True))
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class _Field(NamedTuple):
    name: str
    least: int
    most: int
    names: dict[str, int]


_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of the month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 7, _DAYS),
)


class Cron(NamedTuple):
    """The minutes of the day that it names, ascending, and which days are its days. Where both kinds of day are
    restricted, one of them is enough."""

    minutes: tuple[int, ...]
    month_days: frozenset[int]
    months: frozenset[int]
    week_days: frozenset[int]
    either: bool

    def on(self, day: int) -> bool:
        """Whether it is on that day, counted from 1970-01-01."""
        _, month, of_month = date(day)
        if month not in self.months:
            return False
        found = of_month in self.month_days, weekday(day) in self.week_days
        return any(found) if self.either else all(found)


@lru_cache(maxsize=1_000)
def parse(text: str) -> Cron:
    """Five fields: minute, hour, day of the month, month, day of the week. Raises ValueError, for the author."""
    fields = _NAMED.get(text.strip().lower(), text).split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"expected five fields: minute, hour, day, month, day of the week, got {len(fields)}")
    minutes, hours, month_days, months, week_days = (
        _numbers(field, part.lower()) for field, part in zip(_FIELDS, fields, strict=True)
    )
    return Cron(
        minutes=tuple(hour * 60 + minute for hour in sorted(hours) for minute in sorted(minutes)),
        month_days=frozenset(month_days),
        months=frozenset(months),
        week_days=frozenset(day % 7 for day in week_days),
        either=not fields[2].startswith("*") and not fields[4].startswith("*"),
    )


def last(cron: Cron, zone: Zone, now_s: int) -> int | None:
    """When it was last its time, at `now_s` or before; None for never."""
    return next((at_s for at_s in _times(cron, zone, now_s, -1) if at_s <= now_s), None)


def following(cron: Cron, zone: Zone, now_s: int) -> int | None:
    """When it will next be its time, later than `now_s`; None for never."""
    return next((at_s for at_s in _times(cron, zone, now_s, 1) if at_s > now_s), None)


def offset_s(zone: Zone, at_s: int) -> int:
    """By how much local time is ahead of UTC."""
    return zone[max(bisect_right(zone, (at_s, 2**40)) - 1, 0)][1]


def _times(cron: Cron, zone: Zone, now_s: int, direction: int) -> Iterator[int]:
    """Its times from a day beyond now on, in that direction."""
    today = (now_s + offset_s(zone, now_s)) // _DAY_S
    for away in range(-1, _LONGEST_DAYS):
        day = today + direction * away
        if cron.on(day):
            for minute in cron.minutes[::direction]:
                yield _utc(zone, day * _DAY_S + minute * 60)


def _utc(zone: Zone, local_s: int) -> int:
    """When a clock on the wall shows that. A time that comes twice counts the first time; one that is left out, when
    the clock is put forward."""
    place = max(bisect_right(zone, (local_s - 2 * _DAY_S, 0)) - 1, 0)
    near = zone[place : place + 6]
    for (_, offset), (until_s, after) in pairwise(near):
        if local_s - offset < until_s:
            return local_s - offset
        if local_s - after < until_s:
            return until_s
    return local_s - near[-1][1]


def _numbers(field: _Field, text: str) -> set[int]:
    return {number for part in text.split(",") for number in _range(field, part)}


def _range(field: _Field, part: str) -> range:
    span, slash, every = part.partition("/")
    step = _number(field, every, 1, field.most) if slash else 1
    if span == "*":
        return range(field.least, field.most + 1, step)
    first, dash, end = span.partition("-")
    least = _number(field, first, field.least, field.most)
    most = least if not slash else field.most
    if dash:
        most = _number(field, end, field.least, field.most)
    if most < least:
        raise ValueError(f"{field.name}: expected a range that rises, got {shown(span)}")
    return range(least, most + 1, step)


def _number(field: _Field, text: str, least: int, most: int) -> int:
    written = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else -1
    value = field.names.get(text, written)
    if not least <= value <= most:
        raise ValueError(f"{field.name}: expected {least} to {most}, got {shown(text)}")
    return value
