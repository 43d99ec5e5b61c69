"""The times that programs write into JSON, as the RFC 3339 text that an event carries.

Records come in the order of their times, many to a second, so what was worked out for the last is kept for the next.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

KEYS = ("time", "@timestamp", "timestamp", "ts", "eventTime", "EventTime", "date")
"""Where a time usually stands, the likeliest first."""

_LATEST_S = 100_000_000_000
"""In the year 5138: what is more is a number of something shorter than seconds."""
_LONGEST_NUMBER = 32


def time_of(data: Mapping[str, Any]) -> str | None:
    """The first time that stands where one usually does; None where none can be read."""
    return next((found for key in KEYS if key in data and (found := rfc3339(data[key]))), None)


def rfc3339(value: Any) -> str | None:
    """ISO 8601 (UTC where it names no zone), or Unix seconds, milli-, micro- or nanoseconds as a number or text, told
    apart by their size. None for anything else, and for times before 1970, which stand for "unknown"."""
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    for per_second in (1, 10**3, 10**6, 10**9):
        if 0 <= value < _LATEST_S * per_second:
            return _from_ms(int(value * 1000 / per_second + 0.5))
    return None


@lru_cache(maxsize=64)
def _from_text(text: str) -> str | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _from_digits(text)
    try:
        return _from_ms(round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))
    except OverflowError:
        return None


def _from_digits(text: str) -> str | None:
    if len(text) > _LONGEST_NUMBER or not text.isascii() or not text.replace(".", "", 1).isdigit():
        return None
    return rfc3339(float(text) if "." in text else int(text))


def _from_ms(ms: int) -> str | None:
    if ms < 0:
        return None
    second = _second(ms // 1000)
    return second and f"{second}.{ms % 1000:03d}Z"


@lru_cache(maxsize=64)
def _second(second: int) -> str | None:
    try:
        return datetime.fromtimestamp(second, UTC).isoformat()[:19]
    except (ValueError, OverflowError, OSError):
        return None
