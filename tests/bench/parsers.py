"""What a line costs in each format, from its bytes to its event, beside decoding and encoding that event as JSON.

A log of many lines with times, addresses and names that differ, read in this process.
"""

import time
from collections.abc import Iterator, Sequence

import msgspec

from collectors.formats import FORMATS
from collectors.log.counts import Counts
from collectors.log.event import LineEvents, Log
from collectors.log.identity import FileIdentity
from collectors.log.joining import JoinedEvents
from collectors.log.lines import Line
from schemas.codec import decode, encode
from schemas.events import Event, Events
from schemas.subjects import events as subject
from tests.bench.figures import Figure
from tests.collectors.formats.lines import configured

LINES = 20_000
REPEAT = 3
NOW_MS = 1_709_600_000_000
IDENTITY = FileIdentity(1, 2, 3, "ab", 0)
SUBJECT = subject("bench", "log")

MAX_RATIO = 7.0
"""For those that are read by the thousand: logins and requests."""
HOT = ("auth", "sshd", "nginx", "apache")


async def run() -> list[Figure]:
    """The figures; nothing in here waits."""
    figures: list[Figure] = []
    for name in FORMATS:
        lines = list(_lines(name))
        pairs = [(_read(name, lines), _as_json(lines, name)) for _ in range(REPEAT)]  # in turn, on a shared machine
        line_us, json_us = (min(column) for column in zip(*pairs, strict=True))
        limit = MAX_RATIO if name in HOT else None
        figures += [
            Figure(name=f"{name}, from line to event", measured=line_us, unit="µs"),
            Figure(
                name=f"{name}, against JSON to event and back", measured=line_us / json_us, unit="times", limit=limit
            ),
        ]
    return figures


def _lines(name: str) -> Iterator[bytes]:
    """The example again and again, with other seconds, addresses and serial numbers."""
    records = FORMATS[name].example.split("\n")
    for number in range(LINES):
        serial, record = divmod(number, len(records))
        line = records[record].replace("25:0", f"{serial // 600 % 60:02}:{serial // 60 % 6}", 1)
        yield line.replace("192.0.2.7", f"192.0.2.{number % 256}").replace(":4711)", f":{serial})").encode()


def _events(name: str, lines: Sequence[bytes]) -> list[Event]:
    parser = configured(name)
    log = Log("bench", "/log", parser, Counts("/log", name))
    reader = JoinedEvents(log, parser.joined) if parser.joined else LineEvents(log)
    found: list[Event] = []
    offset = 0
    for line in lines:
        end = offset + len(line) + 1
        found += reader.feed(IDENTITY, Line(offset, end, line), NOW_MS)
        offset = end
    return found


def _read(name: str, lines: Sequence[bytes]) -> float:
    """CPU time of a line, µs."""
    started_s = time.process_time()
    events = _events(name, lines)
    spent_s = time.process_time() - started_s
    assert all(event.type != "log.line" for event in events) or name == "plain"
    return spent_s * 1e6 / len(lines)


def _as_json(lines: Sequence[bytes], name: str) -> float:
    """CPU time of decoding and encoding what a line has become, µs."""
    messages = [encode(Events((event,))) for event in _events(name, lines)]
    started_s = time.process_time()
    for message in messages:
        event = decode(SUBJECT, message)
        assert isinstance(event, Events)
        msgspec.json.encode(event.events)
    return (time.process_time() - started_s) * 1e6 / len(lines)
