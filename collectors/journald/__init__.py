"""The journald collector: the entries of systemd's journal as events, each once.

journalctl reads the journal for us, for it alone keeps up with all that the files of a journal may hold, and runs as a
process of its own. Where reading stands is nowhere stored but in the events themselves, whose `file` is the
cursor of their entry: a collector that starts goes on after its own last event in the journal of the bus.

`invocation` says how journalctl is run, `child` runs it, `entry` makes events of what it prints.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence

import structlog

from collectors.grid import Grid
from collectors.journald.child import running
from collectors.journald.config import JournaldConfig
from collectors.journald.entry import SOURCE, Unreadable, event_of
from collectors.journald.invocation import arguments
from collectors.log.lines import Line
from collectors.series import Metric, SeriesCache
from schemas.events import Event
from schemas.plugins import CollectorContext, CollectorSpec, Occurrence, Reading

_MOST_SAID = 20

_log = structlog.get_logger(__name__)


async def collect(config: JournaldConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
    """Events in the order of the entries, from one run of journalctl after the other."""
    last = await context.last_event(SOURCE)
    journal = _Journal(config, context, last.file if last else None)
    about = SeriesCache({"instance": context.node, "job": SOURCE})
    grid, told_ms = Grid(config.restart_s), context.now_ms()
    while True:
        await grid.tick()
        async with contextlib.aclosing(journal.run()) as batches:
            async for events in batches:
                for event in events:
                    yield Occurrence(SOURCE, event)
                if not 0 <= context.now_ms() - told_ms < context.interval_s * 1000:
                    told_ms = context.now_ms()
                    yield about.samples(told_ms, journal.metrics())


class _Journal:
    """The journal, read from the entry after `cursor`."""

    def __init__(self, config: JournaldConfig, context: CollectorContext, cursor: str | None) -> None:
        self._config = config
        self._context = context
        self._cursor = cursor
        self._began_ms = context.now_ms()
        self._entries = self._left_out = self._runs = 0
        self._said: set[str] = set()

    async def run(self) -> AsyncGenerator[Iterable[Event], None]:
        """The events of one run of journalctl, as they come, and now and then none."""
        command = arguments(self._config, self._cursor, self._began_ms)
        self._runs += 1
        try:
            async with running(command, self._config.max_entry_bytes, self._complain) as child:
                while (lines := await child.read(self._context.interval_s)) is not None:
                    yield self._events(lines)
                    await asyncio.sleep(0)  # a long backlog must not keep everything else from running
                self._complain(f"ended with status {await child.status()}")
        except OSError as error:
            self._complain(str(error))
        yield ()

    def metrics(self) -> Iterator[Metric]:
        yield "reflexarc_journald_entries_total", (), float(self._entries)
        yield "reflexarc_journald_entries_left_out_total", (), float(self._left_out)
        yield "reflexarc_journald_runs_total", (), float(self._runs)

    def _events(self, lines: Sequence[Line]) -> Iterator[Event]:
        for line in lines:
            event = self._event(line)
            if event is not None and event.file != self._cursor:
                self._entries += 1
                self._cursor = event.file
                self._said.clear()
                yield event

    def _event(self, line: Line) -> Event | None:
        """None for an entry that is left out."""
        try:
            if line.cut:
                raise Unreadable(f"expected at most {self._config.max_entry_bytes} bytes (max_entry_bytes)")
            return event_of(line.content, self._context.node, self._config.fields, self._context.now_ms())
        except Unreadable as why:
            self._left_out += 1
            self._complain(f"an entry is left out: {why}")
            return None

    def _complain(self, text: str) -> None:
        """In the log of the agent, once until it is better."""
        if text.strip() and text not in self._said and len(self._said) < _MOST_SAID:
            self._said.add(text)
            _log.warning("journalctl", command=self._config.command, said=text)


SPEC = CollectorSpec(
    name="journald",
    summary="Entries of systemd's journal as events, read as their program's, each once, through restarts.",
    config=JournaldConfig,
    collect=collect,
    example="journald: {identifiers: [sshd, sshd-session, sudo, su], start: boot}",
)
