"""Events of several lines: joined as they belong together, each line in one of them, whatever happens in between."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.log import collect
from collectors.log.config import LogConfig
from collectors.log.counts import Counts
from collectors.log.event import Log
from collectors.log.identity import FileIdentity
from collectors.log.joining import PATIENCE_MS, JoinedEvents
from collectors.log.lines import Line
from collectors.log.ranges import read, written
from schemas.events import Event
from tests.collectors.contexts import context, next_occurrence, parser

IDENTITY = FileIdentity(1, 2, 3, "ab", 0)
AUDITD = parser("auditd")


def record(kind: str, serial: int, text: str = "", at_s: int = 1_700_000_000) -> str:
    return f"type={kind} msg=audit({at_s}.000:{serial}): {text}"


class Reading:
    """A log of these lines, as it is read from an event on, or from its beginning."""

    def __init__(self, lines: list[str], last: Event | None = None) -> None:
        assert AUDITD.joined
        self._events = JoinedEvents(
            Log("n1", "/log", AUDITD, Counts("/log", "auditd")), AUDITD.joined, last.skip if last else None
        )
        ends = [0]
        for line in lines:
            ends.append(ends[-1] + len(line) + 1)
        placed = [Line(start, end, line.encode()) for line, start, end in zip(lines, ends, ends[1:], strict=False)]
        self._lines = [line for line in placed if last is None or line.start >= (last.offset or 0)]

    def run(self, step_ms: int = 0) -> Iterator[Event]:
        """All events; between two lines so much time passes. Those that wait for more come in the end."""
        now_ms = 0
        for line in self._lines:
            yield from self._events.feed(IDENTITY, line, now_ms)
            now_ms += step_ms
            yield from self._events.due(now_ms)
        yield from self._events.due(now_ms + PATIENCE_MS)


def texts(events: list[Event]) -> list[list[str]]:
    return [event.data["message"].split("\n") for event in events]


def test_records_are_joined_by_their_serial_number() -> None:
    """Records of two events that lie between each other are two events."""
    a = [record("SYSCALL", 1), record("EXECVE", 1), record("PROCTITLE", 1)]
    b = [record("SYSCALL", 2), record("PROCTITLE", 2)]
    events = list(Reading([a[0], b[0], a[1], b[1], a[2]]).run())
    assert texts(events) == [b, a]


def test_an_event_is_over_with_its_last_record() -> None:
    """That is PROCTITLE or EOE, and for what programs say the only one. An EOE after that is no event."""
    for line in (record("USER_LOGIN", 1), record("CRED_ACQ", 2), record("PROCTITLE", 3), record("SERVICE_STOP", 4)):
        events = Reading([line, record("SYSCALL", 9)]).run()
        assert next(events).data["message"] == line
    assert texts(list(Reading([record("PROCTITLE", 1), record("EOE", 1)]).run())) == [[record("PROCTITLE", 1)]]


def test_an_event_without_an_end_is_over_in_time() -> None:
    """By the time of the records that follow, or by the clock where none do."""
    lines = [record("SYSCALL", 1), record("SYSCALL", 2, at_s=1_700_000_002), record("PATH", 2, at_s=1_700_000_002)]
    assert texts(list(Reading(lines).run())) == [lines[:1], lines[1:]]
    late = [record("SYSCALL", 1), record("PATH", 1)]
    assert texts(list(Reading(late).run(PATIENCE_MS))) == [late[:1], late[1:]]


def test_a_line_that_is_no_record_is_an_event_of_its_own() -> None:
    """It does not wait, and has the log source of the format."""
    (stray, event) = list(Reading([record("SYSCALL", 1), "what", record("EOE", 1)]).run())
    assert (stray.data, stray.type, stray.product, stray.service) == (
        {"message": "what"},
        "log.line",
        "linux",
        "auditd",
    )
    assert len(event.data["type"]) == 2


def test_what_waits_is_bounded() -> None:
    """Of endless events without an end the oldest are over, and an endless event is divided."""
    events = list(Reading([record("SYSCALL", serial) for serial in range(200)]).run())
    assert len(events) == 200
    events = list(Reading([record("PATH", 1, "x" * 10_000) for _ in range(60)]).run())
    assert len(events) > 1
    assert sum(len(each) for each in texts(events)) == 60
    slow = [record("SYSCALL", 1), *(record("USER_CMD", n) for n in range(2, 3000)), record("EOE", 1)]
    assert max(len(event.skip or "") for event in Reading(slow).run()) < 100


@given(st.sets(st.integers(0, 2000)))
def test_what_to_skip_is_short_text(numbers: set[int]) -> None:
    """It comes back as it was."""
    assert read(written(sorted(numbers))) == numbers


@pytest.mark.parametrize("text", ["x", "1-", "-", ",", "9-1", "99999999999"])
def test_foreign_text_skips_nothing(text: str) -> None:
    """What we did not write is not understood."""
    assert read(text) == frozenset()


KINDS = st.sampled_from(["SYSCALL", "PATH", "EXECVE", "PROCTITLE", "EOE", "USER_CMD", ""])
LINES = st.lists(st.tuples(KINDS, st.integers(1, 4), st.integers(0, 1)), max_size=25)


@given(LINES, st.lists(st.integers(0, 6), max_size=5), st.sampled_from([0, 700, PATIENCE_MS]))
def test_each_line_is_in_one_event_through_restarts(
    said: list[tuple[str, int, int]], kills: list[int], step_ms: int
) -> None:
    """Reading that is broken off after any number of events, again and again, and goes on after the last of them, has
    every line in one event, and every event once."""
    lines = [
        record(kind, serial, f"item={n}", 1_700_000_000 + 3 * later) if kind else f"stray {n}"
        for n, (kind, serial, later) in enumerate(said)
    ]
    journal: list[Event] = []
    for survived in kills:
        reading = Reading(lines, journal[-1] if journal else None)
        journal += [event for event, _ in zip(reading.run(step_ms), range(survived), strict=False)]
    journal += Reading(lines, journal[-1] if journal else None).run(step_ms)
    found = sorted(line for event in texts(journal) for line in event)
    assert [line for line in found if "type=EOE" not in line] == sorted(
        line for line in lines if "type=EOE" not in line
    )
    assert len(found) == len(set(found))
    assert len({event.id for event in journal}) == len(journal)


async def test_an_audit_log_is_read_on_after_any_event(tmp_path: Path) -> None:
    """Also where the records of an event lie in two files, the first of which was rotated meanwhile."""
    log = tmp_path / "audit.log"
    old = [record("SYSCALL", 1), record("SYSCALL", 2), record("PATH", 1), record("USER_CMD", 3), record("PROCTITLE", 1)]
    new = [record("USER_CMD", 4), record("PATH", 2), record("PROCTITLE", 2), record("USER_CMD", 5)]
    log.write_text("".join(line + "\n" for line in old))
    whole = await _read(log, None, 2)
    log.rename(log.with_name("audit.log.1"))
    log.write_text("".join(line + "\n" for line in new))
    for number, event in enumerate(whole, 1):
        rest = await _read(log, event, 5 - number)
        found = [line for each in texts([*whole[:number], *rest]) for line in each]
        assert sorted(found) == sorted(old + new)


async def _read(log: Path, last: Event | None, count: int) -> list[Event]:
    async def last_event(source: str) -> Event | None:
        return last

    config = LogConfig.model_validate(
        {"files": [{"paths": [str(log)], "format": "auditd"}], "start": "beginning", "poll_s": 0.01}
    )
    own = context(log.parent, now_ms=lambda: 2**60 // 10**6, last_event=last_event)
    async with contextlib.aclosing(collect(config, own)) as readings:
        return [(await next_occurrence(readings)).event for _ in range(count)]
