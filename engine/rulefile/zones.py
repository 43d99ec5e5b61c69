"""Time zones by name, as tables of offsets: read from the machine once, so that the core needs no file to know an hour.

A table reaches from 1970 to 2070; beyond, the last offset goes on.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.core.cron import Zone
from schemas.wording import shown

_BEGIN_S, _END_S = 0, 100 * 31_556_952
_STEP_S = 7 * 86_400
"""No zone has changed its offset and back within a week since 1970."""


@cache
def zone(name: str) -> Zone:
    """The table of a zone of the IANA database. Raises ValueError, for the author."""
    try:
        info = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone of the IANA database, such as Europe/Berlin: {shown(name)}") from error
    return tuple(_changes(info))


def _changes(info: ZoneInfo) -> Iterator[tuple[int, int]]:
    offset = _offset_s(info, _BEGIN_S)
    yield -(2**40), offset
    for before_s in range(_BEGIN_S, _END_S, _STEP_S):
        after = _offset_s(info, before_s + _STEP_S)
        if after != offset:
            yield _first_with(info, after, before_s, before_s + _STEP_S), after
            offset = after


def _first_with(info: ZoneInfo, offset: int, before_s: int, after_s: int) -> int:
    """The first second with that offset; `after_s` has it and `before_s` has not."""
    while after_s - before_s > 1:
        middle_s = (before_s + after_s) // 2
        if _offset_s(info, middle_s) == offset:
            after_s = middle_s
        else:
            before_s = middle_s
    return after_s


def _offset_s(info: ZoneInfo, at_s: int) -> int:
    offset = datetime.fromtimestamp(at_s, UTC).astimezone(info).utcoffset()
    return round(offset.total_seconds()) if offset else 0
