"""Snapshots of the engine's state, taken without holding up the engine.

The state is encoded in a forked copy of the process, and by way of a file, so that the loop does not handle its bytes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import structlog

from engine.core.snapshot import save
from engine.core.state import State
from engine.forked import forked
from engine.runtime import objects
from engine.runtime.bus import Bus
from engine.runtime.metrics import SNAPSHOT_BYTES, SNAPSHOT_DURATION, SNAPSHOT_TIME
from engine.runtime.publishing import now_ms
from engine.runtime.recovery import BUCKET, SnapshotHead, object_name, pack

log = structlog.get_logger()

_MOST_S = 600.0


class SnapshotTaker:
    """Takes snapshots by way of `folder`, and keeps the newest `kept` of each shard."""

    def __init__(self, bus: Bus, folder: Path, kept: int) -> None:
        self._bus = bus
        self._file = folder / "snapshot.tmp"
        self._kept = kept

    async def take(self, state: State, head: SnapshotHead, committed: Callable[[], Awaitable[None]]) -> None:
        """Store a snapshot of `state` as it is at the call.

        It is stored only when all that was decided up to it is `committed`: what a snapshot contains is not decided
        again. Raises `ChildFailedError`, and OSError; the snapshots before it stay.
        """
        began_ms = now_ms()
        async with forked(lambda: self._write(state, head), _MOST_S) as child:
            await child.ended()
        data = await asyncio.to_thread(self._file.read_bytes)
        await committed()
        await objects.put(self._bus, BUCKET, object_name(head.shard, head.seq), data)
        SNAPSHOT_TIME.set(began_ms / 1000)
        SNAPSHOT_DURATION.set((now_ms() - began_ms) / 1000)
        SNAPSHOT_BYTES.set(len(data))
        names = sorted(name for name in await objects.names(self._bus, BUCKET) if name.startswith(f"{head.shard}."))
        for name in names[: -self._kept]:
            await objects.delete(self._bus, BUCKET, name)
        log.info("snapshot", seq=head.seq, bytes=len(data))

    def _write(self, state: State, head: SnapshotHead) -> Iterator[bytes]:
        self._file.write_bytes(pack(head, save(state)))
        yield from ()
