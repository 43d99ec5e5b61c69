"""The log collector: the lines of each file that the patterns name become events, as the format of the file has it.

Files are polled: a stat every quarter of a second costs next to nothing and works on every filesystem, which cannot be
said of any notification. Where reading stands is nowhere stored but in the events themselves: a collector that starts
goes on after its own last event in the journal.

From the bytes up: `lines` and `file` give lines, `tail` those of a log through rotation, `event` and `joining` make
events of them, in the formats of `collectors.formats`.
"""

import asyncio
import contextlib
import glob
import itertools
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import structlog

from collectors.formats import FORMATS
from collectors.formats.model import Format, Parser
from collectors.grid import Grid
from collectors.log.config import LogConfig
from collectors.log.counts import Counts, metrics
from collectors.log.event import LineEvents, Log
from collectors.log.joining import JoinedEvents
from collectors.log.rotation import is_rotated
from collectors.log.tail import Tail, open_tail
from collectors.series import Metric, SeriesCache
from schemas.events import Event
from schemas.plugins import CollectorContext, CollectorSpec, Occurrence, Reading

_POLLS_PER_DISCOVERY = 4
_AT_ONCE = 25
"""Lines that are read before others have their turn. Sending a message takes several turns, and is to take less time
than reading the next."""

_log = structlog.get_logger(__name__)


async def collect(config: LogConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
    """Events in the order of each file's lines; several files take turns."""
    with contextlib.closing(_Follower(config, context, FORMATS)) as follower:
        grid = Grid(config.poll_s)
        about = SeriesCache({"instance": context.node, "job": "log"})
        told_ms = context.now_ms()
        for polls in itertools.count():
            await grid.tick()
            if polls % _POLLS_PER_DISCOVERY == 0:
                await follower.discover()
            found = True
            while found:
                found = False
                for number, occurrence in enumerate(follower.poll(), 1):
                    yield occurrence
                    found = True
                    if number % _AT_ONCE == 0:
                        await asyncio.sleep(0)  # what was read before is sent, and stored, meanwhile
                await asyncio.sleep(0)  # a long backlog must not keep everything else from running
            if not 0 <= context.now_ms() - told_ms < context.interval_s * 1000:
                told_ms = context.now_ms()
                yield about.samples(told_ms, follower.metrics())


class _Kind(NamedTuple):
    """Files whose lines have one format."""

    format: str
    paths: Sequence[str]
    parser: Parser


class _Followed(NamedTuple):
    """A log that is read."""

    tail: Tail
    events: LineEvents | JoinedEvents
    counts: Counts


class _Follower:
    """The logs of all files found so far, by path."""

    def __init__(self, config: LogConfig, context: CollectorContext, formats: Mapping[str, Format]) -> None:
        self._config = config
        self._context = context
        self._kinds = _kinds(config, formats)
        self._start = config.start
        self._logs: dict[str, _Followed] = {}
        self._unreadable: set[str] = set()

    async def discover(self) -> None:
        """Open the files that have appeared, let go of those that are gone for good."""
        found = {path: kind for kind in reversed(self._kinds) for path in _matches(kind.paths)}
        for path in sorted(found):
            if path not in self._logs:
                await self._open(path, found[path])
        self._start = "beginning"
        for path, log in list(self._logs.items()):
            if log.tail.forgotten(self._context.now_ms()):
                self._logs.pop(path).tail.close()

    def poll(self) -> Iterator[Occurrence]:
        """The events of the next lines of each file, and those that are complete because no line has come."""
        now_ms = self._context.now_ms()
        for path, log in self._logs.items():
            with self._noting_trouble(path):
                for event in _events(log, now_ms):
                    yield Occurrence(_source(path), event)

    def metrics(self) -> Iterator[Metric]:
        """What was read so far."""
        return metrics(log.counts for log in self._logs.values())

    def close(self) -> None:
        for log in self._logs.values():
            log.tail.close()

    async def _open(self, path: str, kind: _Kind) -> None:
        last = await self._context.last_event(_source(path))
        # A file that we were not allowed to read at first was there at the start all the same.
        start = self._config.start if path in self._unreadable else self._start
        with self._noting_trouble(path):
            tail = open_tail(Path(path), self._config.max_line_bytes, start, last)
            log = Log(self._context.node, path, kind.parser, Counts(path, kind.format))
            skip = last.skip if last and tail.resumed else None
            joined = kind.parser.joined
            events = JoinedEvents(log, joined, skip) if joined else LineEvents(log, skip)
            self._logs[path] = _Followed(tail, events, log.counts)

    @contextlib.contextmanager
    def _noting_trouble(self, path: str) -> Iterator[None]:
        """A file that cannot be read is tried again and complained of once, until it can be read."""
        try:
            yield
            self._unreadable.discard(path)
        except OSError as error:
            if path not in self._unreadable:
                _log.warning("log file cannot be read", path=path, error=str(error))
            self._unreadable.add(path)


def _source(path: str) -> str:
    return f"log:{path}"


def _events(log: _Followed, now_ms: int) -> Iterator[Event]:
    for identity, line in log.tail.poll(now_ms):
        yield from log.events.feed(identity, line, now_ms)
    yield from log.events.due(now_ms)


def _kinds(config: LogConfig, formats: Mapping[str, Format]) -> list[_Kind]:
    """In the order in which they count."""
    kinds = [_Kind(each.format.name, each.paths, formats[each.format.name].build(each.format)) for each in config.files]
    plain = formats["plain"]
    return [*kinds, _Kind(plain.name, config.paths, plain.build(plain.settings()))]


def _matches(patterns: Sequence[str]) -> set[str]:
    # glob.glob, because Path.glob wants to be told where an absolute pattern's fixed part ends.
    found = {path for pattern in patterns for path in glob.glob(pattern, recursive=True)}  # noqa: PTH207
    return {path for path in found if Path(path).is_file() and not is_rotated(Path(path))}


SPEC = CollectorSpec(
    name="log",
    summary="Lines of log files as events, read in their format, each once, through rotation, truncation and restarts.",
    config=LogConfig,
    collect=collect,
    example="log: {paths: [/var/log/*.log], files: [{paths: [/var/log/auth.log], format: auth}]}",
)
