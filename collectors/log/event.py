"""From lines to events, in a format whose events are lines, or parts of a line.

An event's id depends only on where its line stands, so a line read twice is the same event.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from collectors.formats.model import Parsed, Parser, not_parsed
from collectors.formats.times import rfc3339
from collectors.log.counts import Counts
from collectors.log.identity import FileIdentity
from collectors.log.lines import Line
from collectors.log.ranges import read, written
from schemas.events import Event


class Position(NamedTuple):
    """Where to go on reading after an event: file, offset in it, and what to skip of what follows."""

    file: str
    offset: int
    skip: str | None = None


class Log(NamedTuple):
    """The log that lines come from, and the format that they have."""

    node: str
    path: str
    parser: Parser
    counts: Counts


class LineEvents:
    """The events of one log, line by line. `skip` is that of the event after which the log is read on."""

    def __init__(self, log: Log, skip: str | None = None) -> None:
        self._log = log
        self._names = Names(log.node)
        self._done = max(read(skip), default=-1) + 1
        """Events of the first line that are there already."""

    def feed(self, identity: FileIdentity, line: Line, now_ms: int) -> Iterator[Event]:
        """The events of the next line."""
        text = text_of(line)
        parsed = [] if line.cut else self._log.parser.parse(text, now_ms)
        self._log.counts.line(is_parsed=bool(parsed))
        found = parsed or [unread(text, self._log.parser, cut=line.cut)]
        done, self._done = self._done, 0
        file, last = self._names.file(identity), len(found) - 1
        for index in range(done, len(found)):
            at_end = Position(file, line.end)
            position = at_end if index == last else Position(file, line.start, written(range(index + 1)))
            yield event(self._log, found[index], self._names.id(file, line.start, index), position, now_ms)

    def due(self, _: int) -> Iterator[Event]:
        """Nothing waits for further lines."""
        return iter(())


class Names:
    """The ids of events, and the files' identities as text."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._identity: FileIdentity | None = None
        self._file = ""

    def file(self, identity: FileIdentity) -> str:
        """The identity as text; line after line has the same."""
        if identity is not self._identity:
            self._identity, self._file = identity, str(identity)
        return self._file

    def id(self, file: str, start: int, index: int = 0) -> str:
        """Of an event that begins at `start`, the event number `index` of its line."""
        place = f"{self._node}\0{file}\0{start}" + (f"\0{index}" if index else "")
        return blake2b(place.encode(), digest_size=16).hexdigest()


def text_of(line: Line) -> str:
    """Bytes that are no text are replaced."""
    return line.content.removesuffix(b"\r").decode(errors="replace")


def unread(text: str, parser: Parser, *, cut: bool) -> Parsed:
    """What becomes of a line that does not fit, or whose end is not there."""
    parsed = not_parsed(text, parser.source)
    if cut:
        parsed.data["truncated"] = True
    return parsed


def event(log: Log, parsed: Parsed, name: str, position: Position, now_ms: int) -> Event:
    """The event as it is published."""
    product, category, service = parsed.source
    return Event(
        id=name,
        source=log.path,
        type=parsed.type,
        time=parsed.time or rfc3339(now_ms),
        data=parsed.data,
        file=position.file,
        offset=position.offset,
        skip=position.skip,
        product=product,
        category=category,
        service=service,
    )
