"""Whatever the lines are, they become events: none is lost, and nothing is raised.

`make soak` tries a million lines of each format; `REFLEXARC_SEED` repeats a run.
"""

import itertools
import os
import random
import time
from collections.abc import Iterator

import pytest

from collectors.formats import FORMATS
from collectors.formats.model import Parser
from collectors.log.counts import Counts
from collectors.log.event import LineEvents, Log
from collectors.log.identity import FileIdentity
from collectors.log.joining import PATIENCE_MS, JoinedEvents
from collectors.log.lines import Line
from schemas.codec import decode, encode
from schemas.events import Event, Events
from schemas.subjects import events as subject
from tests.collectors.formats.lines import broken, configured

SEED = int(os.environ.get("REFLEXARC_SEED", "20261121"))
LINES = int(os.environ.get("REFLEXARC_FUZZ_LINES", "3000"))
IDENTITY = FileIdentity(1, 2, 3, "ab", 0)
NOW_MS = 1_709_533_501_000
SUBJECT = subject("n1", "log")


def read(parser: Parser, lines: Iterator[bytes]) -> Iterator[tuple[bytes, list[Event]]]:
    """Each line, and the events that are there after it; in the end those that were not complete."""
    log = Log("n1", "/log", parser, Counts("/log", "x"))
    reader = JoinedEvents(log, parser.joined) if parser.joined else LineEvents(log)
    offset = 0
    for line in lines:
        end = offset + len(line) + 1
        yield line, list(reader.feed(IDENTITY, Line(offset, end, line), NOW_MS))
        offset = end
    yield b"", list(reader.due(NOW_MS + PATIENCE_MS))


@pytest.mark.parametrize("name", FORMATS)
def test_any_line_is_an_event_that_can_be_published(name: str) -> None:
    """Broken lines and mere bytes raise nothing, and each gives an event that comes back from the bus as it was."""
    chance, ids, joined = random.Random(f"{SEED} {name}"), 0, configured(name).joined
    for line, events in read(configured(name), itertools.islice(broken(name, chance), LINES)):
        assert events or joined or not line, line
        for event in events:
            ids += 1
            assert event.offset is not None
            assert event.time is not None
        again = decode(SUBJECT, encode(Events(tuple(events))))
        assert isinstance(again, Events), line
        assert [event.id for event in again.events] == [event.id for event in events]
    assert ids >= LINES * (0.2 if joined else 1)


HEADS = (
    "",
    "Mar  4 06:25:01 h sshd[1]: ",
    "Mar  4 06:25:01 h sshd[1]: authentication failure; ",
    "Mar  4 06:25:01 h sudo: a : ",
    '192.0.2.7 - - [04/Mar/2024:06:25:01 +0100] "',
    "192.0.2.7 - ",
    "type=EXECVE msg=audit(1.000:1): ",
    "type=USER_CMD msg=audit(1.000:1): msg='",
    "<1>1 2024-03-04T06:25:01Z h a 1 - [a ",
    "2024/03/04 06:25:01 [error] 12#13: *90 ",
)
PIECES = (" from ", "a", "a.b-", '"', '" "', "[", "[] ", '] "', ': "', "\\", "=", "= ", "a=1 ", "={", " a={", ' x="y"')
MORE_PIECES = ("<1>", '{"a":', " : ", "0", "GET ", ", client: ", "msg=", "(1)")


@pytest.mark.parametrize("name", FORMATS)
def test_no_line_takes_long(name: str) -> None:
    """A line as long as they may be, made of what is in the formats, is read in time."""
    reader = configured(name)
    for head, piece in itertools.product(HEADS, PIECES + MORE_PIECES):
        line = (head + piece * 65536)[:65536]
        started_s = time.process_time()
        reader.parse(line, NOW_MS)
        assert time.process_time() - started_s < 0.25, (head, piece)
