"""From an entry, as journalctl prints it, to an event.

An event's id depends only on the node and on the entry's cursor, so an entry read twice is the same event.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from collectors.formats.model import Fields
from collectors.formats.syslog import Line, events_of
from collectors.formats.times import rfc3339
from schemas.events import Event

USED = frozenset(
    "MESSAGE PRIORITY SYSLOG_IDENTIFIER SYSLOG_PID _COMM _PID _EXE _CMDLINE _HOSTNAME".split()  # noqa: SIM905
)
"""The fields of an entry that become fields of an event under other names."""

SOURCE = "journald"

_OURS = {"_EXE": "process.executable", "_CMDLINE": "process.command_line"}


class Unreadable(Exception):
    """It is no entry of a journal, and says why."""


def event_of(content: bytes, node: str, kept: Sequence[str], now_ms: int) -> Event:
    """The event of an entry; fields that are `kept` have their own names. Raises `Unreadable`."""
    entry = _entry(content)
    cursor = entry["__CURSOR"]
    (parsed,) = events_of(_line(entry, kept), now_ms)
    product, category, service = parsed.source
    return Event(
        id=blake2b(f"{node}\0{cursor}".encode(), digest_size=16).hexdigest(),
        source=SOURCE,
        type=parsed.type,
        time=_time(entry) or rfc3339(now_ms),
        data=parsed.data,
        file=cursor,
        product=product,
        category=category,
        service=service,
    )


def _entry(content: bytes) -> Fields:
    try:
        entry = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise Unreadable(f"expected a JSON object: {error}") from error
    if not isinstance(entry, dict) or not isinstance(entry.get("__CURSOR"), str):
        raise Unreadable("expected a JSON object with a __CURSOR")
    return entry


def _line(entry: Fields, kept: Sequence[str]) -> Line:
    """The entry as what carries a program's message, which syslog's lines are too."""
    program = _first(entry, "SYSLOG_IDENTIFIER") or _first(entry, "_COMM")
    pid = _first(entry, "_PID") or _first(entry, "SYSLOG_PID")
    return Line(
        time=_time(entry),
        host=_first(entry, "_HOSTNAME"),
        program=program,
        pid=pid if pid.isascii() and pid.isdigit() and len(pid) <= 10 else "",
        message="\n".join(_texts(entry.get("MESSAGE"))),
        more=_more(entry, kept),
    )


def _more(entry: Fields, kept: Sequence[str]) -> Fields:
    more: Fields = {ours: text for theirs, ours in _OURS.items() if (text := _first(entry, theirs))}
    if (priority := _first(entry, "PRIORITY")) in set("01234567"):
        more["log.syslog.severity.code"] = int(priority)
    for name in kept:
        texts = list(_texts(entry.get(name)))
        if texts:
            more[name] = texts[0] if len(texts) == 1 else texts
    return more


def _time(entry: Fields) -> str | None:
    try:
        return rfc3339(int(_first(entry, "__REALTIME_TIMESTAMP")) // 1000)
    except (ValueError, OverflowError, OSError):
        return None


def _first(entry: Fields, name: str) -> str:
    return next(_texts(entry.get(name)), "")


def _texts(value: Any) -> Iterator[str]:
    """The values of a field: journalctl writes one as text, one that is no printable text as a list of its bytes,
    several as a list of such, and one that is too long as null."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and value and all(_is_byte(each) for each in value):
        yield bytes(value).decode(errors="replace")
    elif isinstance(value, list):
        for each in value:
            if not isinstance(each, list) or all(_is_byte(byte) for byte in each):
                yield from _texts(each)


def _is_byte(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 255
