"""The log collector: each line of each file that the patterns name becomes one event.

Files are polled: a stat every quarter of a second costs next to nothing and works on every filesystem, which cannot be
said of any notification. Where reading stands is nowhere stored but in the events themselves: a collector that starts
goes on after its own last event in the journal.
"""

import asyncio
import contextlib
import glob
import itertools
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import structlog
from pydantic import Field

from collectors.grid import Grid
from collectors.log.event import line_event
from collectors.log.rotation import is_rotated
from collectors.log.tail import Start, Tail, open_tail
from schemas.plugins import CollectorContext, CollectorSpec, Occurrence, PluginConfig, Reading

_POLLS_PER_DISCOVERY = 4

_log = structlog.get_logger(__name__)


class LogConfig(PluginConfig):
    paths: list[str] = Field(min_length=1)
    """Glob patterns; `**` stands for any depth. Rotated files of a log that is there need not, and do not, match."""
    start: Start = "end"
    """Where to begin in a file that is there at the start and has no event in the journal. Later ones are all new."""
    poll_s: float = Field(default=0.25, gt=0)
    max_line_bytes: int = Field(default=65536, ge=1024)


async def collect(config: LogConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
    """Events in the order of each file's lines; several files take turns."""
    with contextlib.closing(_Follower(config, context)) as follower:
        grid = Grid(config.poll_s)
        for polls in itertools.count():
            await grid.tick()
            if polls % _POLLS_PER_DISCOVERY == 0:
                await follower.discover()
            while batch := list(follower.poll()):
                for occurrence in batch:
                    yield occurrence
                await asyncio.sleep(0)  # a long backlog must not keep everything else from running


class _Follower:
    """The tails of all files found so far, by path."""

    def __init__(self, config: LogConfig, context: CollectorContext) -> None:
        self._config = config
        self._context = context
        self._start = config.start
        self._tails: dict[str, Tail] = {}
        self._unreadable: set[str] = set()

    async def discover(self) -> None:
        """Open the files that have appeared, let go of those that are gone for good."""
        for path in sorted(_matches(self._config.paths)):
            if path not in self._tails:
                await self._open(path)
        self._start = "beginning"
        for path, tail in list(self._tails.items()):
            if tail.forgotten(self._context.now_ms()):
                self._tails.pop(path).close()

    def poll(self) -> Iterator[Occurrence]:
        """The next lines of each file."""
        now_ms = self._context.now_ms()
        for path, tail in self._tails.items():
            with self._noting_trouble(path):
                for identity, line in tail.poll(now_ms):
                    event = line_event(self._context.node, path, identity, line, now_ms)
                    yield Occurrence(_source(path), event)

    def close(self) -> None:
        for tail in self._tails.values():
            tail.close()

    async def _open(self, path: str) -> None:
        last = await self._context.last_event(_source(path))
        # A file that we were not allowed to read at first was there at the start all the same.
        start = self._config.start if path in self._unreadable else self._start
        with self._noting_trouble(path):
            self._tails[path] = open_tail(Path(path), self._config.max_line_bytes, start, last)

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


def _matches(patterns: list[str]) -> set[str]:
    # glob.glob, because Path.glob wants to be told where an absolute pattern's fixed part ends.
    found = {path for pattern in patterns for path in glob.glob(pattern, recursive=True)}  # noqa: PTH207
    return {path for path in found if Path(path).is_file() and not is_rotated(Path(path))}


SPEC = CollectorSpec(
    name="log",
    summary="Lines of log files as events, through rotation, truncation and restarts, each of them once.",
    config=LogConfig,
    collect=collect,
    example="log: {paths: [/var/log/*.log]}",
)
