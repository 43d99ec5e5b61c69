"""The integrity collector: that files were created, modified or deleted, or have another owner, group or mode.

Files are polled: a stat tells what may have changed, and only that is read, with a slow sweep beside it that reads all
others in turn. What is told of is put down before it is sent, and becomes the baseline when it is stored on the bus: so
a change is told once, whatever dies meanwhile, and is not lost while the bus is away.

From the disk up: `walk` finds the paths, `record` reads what one is, `scan` compares them with the `baseline`, `change`
makes events of what differs, and `watch` puts them together.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence

from collectors.grid import Grid
from collectors.integrity.change import SOURCE
from collectors.integrity.config import IntegrityConfig
from collectors.integrity.watch import Watch
from collectors.series import SeriesCache
from schemas.events import Event
from schemas.plugins import CollectorContext, CollectorSpec, Occurrence, Reading


async def collect(config: IntegrityConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
    """Events in the order in which changes were found; the next are looked for when all of them are stored."""
    loop = asyncio.get_running_loop()
    grid, about = Grid(config.poll_s), SeriesCache({"instance": context.node, "job": SOURCE})
    last, told_ms = await context.last_event(SOURCE), 0
    with contextlib.closing(await asyncio.to_thread(Watch, config, context)) as watch:
        waiting, more = _after(last, _proposed(watch)), False
        while True:
            receipts = [loop.create_future() for _ in waiting]
            for event, receipt in zip(waiting, receipts, strict=True):
                yield Occurrence(SOURCE, event, receipt)
            await _done(receipts)
            await asyncio.to_thread(watch.baseline.accept)
            if not more:
                await grid.tick()
            began_s = loop.time()
            more = await asyncio.to_thread(watch.look, began_s)
            waiting = _proposed(watch)
            if not 0 <= context.now_ms() - told_ms < context.interval_s * 1000:
                told_ms = context.now_ms()
                yield about.samples(told_ms, watch.metrics(loop.time() - began_s))


async def _done(receipts: Sequence[asyncio.Future[None]]) -> None:
    """When all are stored. One that can never be is not tried again either: the host has said so in its log."""
    if receipts:
        await asyncio.wait(receipts)
    for receipt in receipts:
        receipt.exception()


def _proposed(watch: Watch) -> list[Event]:
    return [proposal.event for proposal in watch.baseline.proposed]


def _after(last: Event | None, events: list[Event]) -> list[Event]:
    """Those that are not stored yet, where `last` is what was stored last."""
    ids = [event.id for event in events]
    return events[ids.index(last.id) + 1 :] if last and last.id in ids else events


SPEC = CollectorSpec(
    name="integrity",
    summary="Files that were created, modified, deleted or given another owner or mode, as events, each change once.",
    config=IntegrityConfig,
    collect=collect,
    example="integrity: {paths: [/etc, /usr/local/bin, /var/www], exclude: [/etc/mtab, '*.swp']}",
)
