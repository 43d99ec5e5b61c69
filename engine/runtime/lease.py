"""Who is the one writer: a lease in a KV bucket, with a fencing epoch that grows whenever it changes hands.

A process that was killed and starts again under the same name takes its own lease back at once, under a new epoch; a
stranger waits until the lease has lapsed. Whoever loses it must stop: `LeaseLostError` ends the process.
"""

import asyncio
from collections.abc import Callable

import msgspec

from engine.runtime import kv
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import Conflict

DURATION_MS = 6_000


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Held by `holder` until `expires_ms` (Unix milliseconds)."""

    holder: str
    epoch: int
    expires_ms: int


class LeaseLostError(Exception):
    """Somebody else has taken over."""


class LeaseKeeper:
    """Takes and renews one lease. `epoch` is valid after `take`."""

    def __init__(self, bus: Bus, bucket: str, key: str, holder: str, now_ms: Callable[[], int]) -> None:
        self._bus = bus
        self._bucket = bucket
        self._key = key
        self._holder = holder
        self._now_ms = now_ms
        self._revision = 0
        self.epoch = 0

    async def take(self) -> int:
        """Wait until the lease is ours and return its new epoch."""
        while not await self._try_take():
            await asyncio.sleep(DURATION_MS / 1000 / 4)
        return self.epoch

    async def keep(self) -> None:
        """Renew until cancelled. Raises `LeaseLostError`."""
        while True:
            await asyncio.sleep(DURATION_MS / 1000 / 3)
            try:
                self._revision = await self._write(self._revision)
            except Conflict as error:
                raise LeaseLostError(f"lease {self._key} of {self._holder}, epoch {self.epoch}") from error

    async def _try_take(self) -> bool:
        found = await kv.get(self._bus, self._bucket, self._key)
        if found is None:
            self.epoch = 1
        else:
            lease = msgspec.json.decode(found.value, type=Lease)
            if lease.holder != self._holder and lease.expires_ms > self._now_ms():
                return False
            self.epoch = lease.epoch + 1
        try:
            self._revision = await self._write(found.revision if found else 0)
        except Conflict:
            return False
        return True

    async def _write(self, revision: int) -> int:
        lease = Lease(holder=self._holder, epoch=self.epoch, expires_ms=self._now_ms() + DURATION_MS)
        return await kv.update(self._bus, self._bucket, self._key, msgspec.json.encode(lease), revision=revision)
