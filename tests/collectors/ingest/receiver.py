"""A receiver on a free loopback port, and a host that stores what it reads, or does not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from collectors.ingest.config import IngestConfig
from collectors.ingest.server import NAME, receive
from collectors.receiving.server import bound
from schemas.events import Event
from schemas.plugins import NotStored, Occurrence, Samples
from tests.collectors.contexts import context

JSON = {"Content-Type": "application/json"}


@dataclass
class Host:
    """What a receiver hands on. While `storing` is not set none is receipted; what is too large never is."""

    url: str
    handed: list[Occurrence] = field(default_factory=list)
    own: list[Samples] = field(default_factory=list)
    storing: asyncio.Event = field(default_factory=asyncio.Event)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    reported: asyncio.Event = field(default_factory=asyncio.Event)
    now_ms: int = 1_000_000
    largest: int = 10**9

    async def take(self, readings: AsyncIterator[Any]) -> None:
        async for reading in readings:
            if isinstance(reading, Samples):
                self.own.append(reading)
                self.reported.set()
                continue
            assert isinstance(reading, Occurrence)
            self.handed.append(reading)
            self.came.set()
            await self.storing.wait()
            assert reading.receipt
            if len(repr(reading.event.data)) > self.largest:
                reading.receipt.set_exception(NotStored("too large"))
            else:
                reading.receipt.set_result(None)

    @property
    def events(self) -> list[Event]:
        return [occurrence.event for occurrence in self.handed]

    @property
    def ids(self) -> list[str]:
        return [event.id for event in self.events]


@contextlib.asynccontextmanager
async def receiving(folder: Path, *, storing: bool = True, **settings: Any) -> AsyncIterator[Host]:
    """A receiver with these settings until the block ends."""
    config = IngestConfig.model_validate(settings)
    listener = bound("127.0.0.1:0", NAME)
    host = Host(f"http://127.0.0.1:{listener.getsockname()[1]}")
    if storing:
        host.storing.set()
    async with asyncio.timeout(30):
        readings = receive(config, context(folder, interval_s=0.05, now_ms=lambda: host.now_ms), listener)
        taking = asyncio.create_task(host.take(readings))
        try:
            yield host
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
            await readings.aclose()
            listener.close()


async def push(host: Host, path: str, body: Any, headers: Mapping[str, str] = JSON) -> httpx.Response:
    """One POST; what is not bytes is sent as JSON."""
    async with httpx.AsyncClient(trust_env=False) as client:
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        return await client.post(host.url + path, headers=headers, timeout=30, **content)
