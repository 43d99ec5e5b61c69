"""The times that lines bear, as the RFC 3339 text that an event carries.

Lines come in the order of their times, many to a second, so what was worked out for the last is kept for the next.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_AHEAD_S = 86400
"""How far a time without a year may lie ahead, for clocks and time zones differ; what is later was last year."""
_YEARS_BACK = 8
"""29 February is at most so many years ago."""
_LATEST_S = 100_000_000_000
"""In the year 5138: what is more is a number of something shorter than seconds."""
_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,12})?")


@lru_cache(maxsize=64)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()[:19]


def rfc3339(milliseconds: int) -> str:
    """Unix milliseconds as RFC 3339 in UTC. Raises ValueError or OverflowError beyond the years 1 to 9999."""
    second, rest = divmod(milliseconds, 1000)
    return f"{_second(second)}.{rest:03d}Z"


def zone_of(name: str | None) -> tzinfo | None:
    """The time zone of that name; None, the machine's own, for none. Raises ValueError."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"expected a time zone such as Europe/Berlin, got {name!r}") from error


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000 + 0.5)


def from_datetime(moment: datetime) -> str | None:
    """One without a zone is the machine's; None where it cannot be said in UTC."""
    try:
        return rfc3339(_milliseconds(moment))
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=64)
def from_iso(text: str, zone: tzinfo | None = UTC) -> str | None:
    """ISO 8601 or RFC 3339, in `zone` where it names none; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def from_any(value: object, zone: tzinfo | None = UTC) -> str | None:
    """What a program may write where a time is expected: ISO 8601, the date of an access log, or Unix seconds, milli-,
    micro- or nanoseconds as a number or text, told apart by their size; None for anything else."""
    if isinstance(value, str):
        found = from_iso(value, zone) or from_http_date(value)
        if found or not _NUMBER.fullmatch(value):
            return found
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    for per_second in (1, 10**3, 10**6, 10**9):
        if value < _LATEST_S * per_second:
            return from_seconds(value / per_second)
    return None


def from_seconds(seconds: float) -> str | None:
    """Unix seconds; None for what is out of range, such as infinity."""
    if not 0 <= seconds <= _LATEST_S:
        return None
    return rfc3339(int(seconds * 1000 + 0.5))


@lru_cache(maxsize=64)
def from_http_date(text: str) -> str | None:
    """As access logs write it, `18/Jan/2024:15:31:16 +0100`; None for anything else."""
    try:
        day, month, year = int(text[:2]), _MONTHS[text[3:6]], int(text[7:11])
        offset = timedelta(hours=int(text[21:24]), minutes=int(text[21] + text[24:26]))
        clock = int(text[12:14]), int(text[15:17]), int(text[18:20])
        return from_datetime(datetime(year, month, day, *clock, tzinfo=timezone(offset)))
    except (ValueError, KeyError, IndexError):
        return None


_CTIME = re.compile(r"\w+ (\w{3}) ([ \d]\d) (\d\d:\d\d:\d\d)(\.\d{1,6})?\d* (\d{4})", re.ASCII)


def from_ctime(text: str, zone: tzinfo | None) -> str | None:
    """As C writes it, `Mon Mar  4 06:25:01 2024`, the seconds with a fraction or without; None for anything else."""
    found = _CTIME.fullmatch(text)
    if found is None or found[1] not in _MONTHS:
        return None
    return from_iso(f"{found[5]}-{_MONTHS[found[1]]:02d}-{found[2].replace(' ', '0')}T{found[3]}{found[4] or ''}", zone)


def yearless(zone: tzinfo | None) -> Callable[[str, int], str | None]:
    """A reader of syslog's times, `Feb  2 14:10:21`, in `zone`, whose year is the last that is not in the future."""
    last_text, last_time = "", None

    def read(text: str, now_ms: int) -> str | None:
        nonlocal last_text, last_time
        if text != last_text:
            last_text, last_time = text, _complete(text, now_ms, zone)
        return last_time

    return read


def _complete(text: str, now_ms: int, zone: tzinfo | None) -> str | None:
    try:
        month, day = _MONTHS[text[:3]], int(text[4:6])
        hour, minute, second = map(int, text[6:].strip().split(":"))
        latest_ms = now_ms + _AHEAD_S * 1000
        year = datetime.fromtimestamp(latest_ms / 1000, zone).year
    except (ValueError, KeyError, OverflowError, OSError):
        return None
    for candidate in range(year, year - _YEARS_BACK - 1, -1):
        try:
            found_ms = _milliseconds(datetime(candidate, month, day, hour, minute, min(second, 59), tzinfo=zone))
        except (ValueError, OverflowError, OSError):  # 29 February in a year that has none
            continue
        if found_ms <= latest_ms:
            return rfc3339(found_ms)
    return None
