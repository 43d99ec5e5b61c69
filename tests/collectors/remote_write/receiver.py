"""A receiver on a free loopback port, and a host that stores what it reads, or does not."""

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cramjam
import httpx

from collectors.receiving.server import bound
from collectors.remote_write.config import RemoteWriteConfig
from collectors.remote_write.server import NAME, PATH, receive
from schemas.labels import Labels
from schemas.plugins import Samples
from tests.collectors.contexts import context

HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}


@dataclass
class Host:
    """What a receiver hands on: `pushed` has all partial readings. While `storing` is not set none is receipted."""

    url: str
    pushed: list[Samples] = field(default_factory=list)
    own: list[Samples] = field(default_factory=list)
    storing: asyncio.Event = field(default_factory=asyncio.Event)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    reported: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, readings: AsyncIterator[Any]) -> None:
        async for reading in readings:
            assert isinstance(reading, Samples)
            if reading.receipt is None:
                self.own.append(reading)
                self.reported.set()
                continue
            self.pushed.append(reading)
            self.came.set()
            await self.storing.wait()
            if not reading.receipt.done():
                reading.receipt.set_result(None)

    def samples(self) -> Counter[tuple[Labels, int, float]]:
        return Counter(
            (reading.series[at], reading.time_ms, value)
            for reading in self.pushed
            for at, value in zip(reading.at or (), reading.values, strict=True)
        )


@contextlib.asynccontextmanager
async def receiving(
    folder: Path, *, scheme: str = "http", storing: bool = True, **settings: Any
) -> AsyncIterator[Host]:
    """A receiver with these settings until the block ends."""
    config = RemoteWriteConfig.model_validate(settings)
    listener = bound("127.0.0.1:0", NAME)
    host = Host(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}{PATH}")
    if storing:
        host.storing.set()
    async with asyncio.timeout(30):
        readings = receive(config, context(folder, interval_s=0.05), listener)
        taking = asyncio.create_task(host.take(readings))
        try:
            yield host
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
            await readings.aclose()
            listener.close()


def compressed(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(data))


async def push(
    host: Host, body: bytes, headers: Mapping[str, str] = {}, *, verify: ssl.SSLContext | bool = True
) -> httpx.Response:
    """One POST, with these headers instead of or beside the usual ones."""
    async with httpx.AsyncClient(verify=verify, trust_env=False) as client:
        return await client.post(host.url, content=body, headers={**HEADERS, **headers})
