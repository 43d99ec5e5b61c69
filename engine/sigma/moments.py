"""Points in time as events write them, and their parts. In UTC; nothing here knows what time it is."""

import re
from typing import Any, NamedTuple

from engine.sigma import values

_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_DAY_S = 86_400
_LATEST_S = 253_402_300_800
"""The year 10000: later ones are taken for something else, such as milliseconds."""
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Moment(NamedTuple):
    """Parts of a point in time. `week` is ISO 8601's."""

    minute: int
    hour: int
    day: int
    week: int
    month: int
    year: int


def moment(value: Any) -> Moment | None:
    """The moment that a value tells: RFC 3339, or seconds since 1970 as a number or as text."""
    if isinstance(value, str) and (written := _RFC_3339.fullmatch(value)) is not None:
        return _of_text(written)
    seconds = values.number(value)
    return _of_seconds(int(seconds // 1)) if seconds is not None and 0 <= seconds < _LATEST_S else None


def _of_text(written: re.Match[str]) -> Moment | None:
    year, month, day, hour, minute, second = (int(written[group]) for group in range(1, 7))
    if not (
        year and 1 <= month <= 12 and 1 <= day <= _length(year, month) and hour < 24 and minute < 60 and second < 60
    ):
        return None
    east_h, east_min = int(written[8] or 0), int(written[9] or 0)
    if east_h >= 24 or east_min >= 60:
        return None
    east_s = (east_h * 60 + east_min) * (-60 if written[7] == "-" else 60)
    return _of_seconds(_days(year, month, day) * _DAY_S + hour * 3600 + minute * 60 + second - east_s)


def _length(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 28 + leap if month == 2 else _LENGTHS[month - 1]


def _of_seconds(seconds: int) -> Moment:
    days, rest = divmod(seconds, _DAY_S)
    year, month, day = _civil(days)
    return Moment(rest // 60 % 60, rest // 3600, day, _week(days), month, year)


def _week(days: int) -> int:
    """The week that holds the day; a week belongs to the year that its Thursday is in."""
    thursday = days - (days + 3) % 7 + 3
    return (thursday - _days(_civil(thursday)[0], 1, 1)) // 7 + 1


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970, by counting years from March on, so that leap days come last."""
    year -= month <= 2
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + of_year - 719_468


def _civil(days: int) -> tuple[int, int, int]:
    """The inverse of `_days`."""
    era, of_era = divmod(days + 719_468, 146_097)
    of_era_year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * of_era_year + of_era_year // 4 - of_era_year // 100)
    turned = (5 * of_year + 2) // 153
    month = turned + 3 if turned < 10 else turned - 9
    return of_era_year + era * 400 + (month <= 2), month, of_year - (153 * turned + 2) // 5 + 1
