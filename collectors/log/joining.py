"""From lines to events, in a format whose events have several lines, which may lie between those of other events.

Whatever is read is in exactly one event, also when reading begins anew in the middle. So an event names as the place to
go on from the first line that is in no event yet, and which of the lines after that are.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from collectors.formats.model import Joined, Part
from collectors.log.event import Log, Names, Position, event, text_of, unread
from collectors.log.identity import FileIdentity
from collectors.log.lines import Line
from collectors.log.ranges import read, written
from schemas.events import Event

PATIENCE_MS = 2_000
"""An event is over when no line of it has come for so long, by the clock or by the times that later lines bear."""
_MOST_EVENTS = 64
_MOST_LINES = 1_024
"""From the first line that is in no event on."""
_MOST_CHARACTERS = 256 * 1024
"""Of one event, which is to fit into a message."""


class _Place:
    """Where a line stands, and whether it is in an event."""

    __slots__ = ("done", "end", "file", "start")

    def __init__(self, file: str, line: Line) -> None:
        self.file, self.start, self.end = file, line.start, line.end
        self.done = False


class _Open(NamedTuple):
    """An event that is not over: its lines so far."""

    time_ms: int
    lines: list[str]
    places: list[_Place]
    newest_ms: list[int]
    """When its last line was read, by our clock; the one item changes."""


class JoinedEvents:
    """The events of one log. `skip` is that of the event after which the log is read on."""

    def __init__(self, log: Log, joined: Joined, skip: str | None = None) -> None:
        self._log = log
        self._joined = joined
        self._names = Names(log.node)
        self._skip = set(read(skip))
        self._read = 0
        """Lines since the beginning, as long as there are any to skip."""
        self._places: deque[_Place] = deque()
        """Of the lines from the first on that is in no event."""
        self._end = Position("", 0)
        self._open: dict[str, _Open] = {}

    def feed(self, identity: FileIdentity, line: Line, now_ms: int) -> Iterator[Event]:
        """The events that are over with the next line."""
        place = self._placed(identity, line)
        if place.done:
            self._forget_done()
            return
        text = text_of(line)
        part = None if line.cut else self._joined.part(text)
        self._log.counts.line(is_parsed=part is not None)
        if part is None:
            yield self._single(text, place, now_ms, cut=line.cut)
        elif part.mere_end and part.key not in self._open:
            place.done = True
            self._forget_done()
        else:
            self._add(part, text, place, now_ms)
            for over in self._over(part):
                yield self._finish(over, now_ms)

    def due(self, now_ms: int) -> Iterator[Event]:
        """The events of which no line has come for long enough."""
        for key in [key for key, found in self._open.items() if not 0 <= now_ms - found.newest_ms[0] < PATIENCE_MS]:
            yield self._finish(key, now_ms)

    def _placed(self, identity: FileIdentity, line: Line) -> _Place:
        place = _Place(self._names.file(identity), line)
        self._places.append(place)
        self._end = Position(place.file, line.end)
        if self._skip:
            place.done = self._read in self._skip
            self._skip.discard(self._read)
            self._read += 1
        return place

    def _add(self, part: Part, text: str, place: _Place, now_ms: int) -> None:
        found = self._open.setdefault(part.key, _Open(part.time_ms, [], [], [now_ms]))
        found.lines.append(text)
        found.places.append(place)
        found.newest_ms[0] = now_ms

    def _over(self, part: Part) -> list[str]:
        """The events that end with this part: its own, those that are too old, and the oldest where there are too many
        or one is too long."""
        over = [key for key, found in self._open.items() if found.time_ms + PATIENCE_MS <= part.time_ms]
        if part.ends or sum(map(len, self._open[part.key].lines)) > _MOST_CHARACTERS:
            over.append(part.key)
        if not over and (len(self._open) > _MOST_EVENTS or len(self._places) > _MOST_LINES):
            over.append(next(iter(self._open)))
        return over

    def _finish(self, key: str, now_ms: int) -> Event:
        found = self._open.pop(key)
        for place in found.places:
            place.done = True
        return self._event(found, now_ms)

    def _event(self, found: _Open, now_ms: int) -> Event:
        first = found.places[0]
        name = self._names.id(first.file, first.start)
        return event(self._log, self._joined.parse(found.lines), name, self._position(), now_ms)

    def _single(self, text: str, place: _Place, now_ms: int, *, cut: bool) -> Event:
        place.done = True
        parsed = unread(text, self._log.parser, cut=cut)
        return event(self._log, parsed, self._names.id(place.file, place.start), self._position(), now_ms)

    def _position(self) -> Position:
        """Where to go on, now that all that is done is in an event."""
        self._forget_done()
        if not self._places:
            return self._end
        first = self._places[0]
        done = (number for number, place in enumerate(self._places) if place.done)
        return Position(first.file, first.start, written(done))

    def _forget_done(self) -> None:
        while self._places and self._places[0].done:
            self._places.popleft()
