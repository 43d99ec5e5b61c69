"""A real HTTP server on a free loopback port, whose answer a test changes while it is scraped."""

import asyncio
import contextlib
import gzip
import itertools
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.collectors.listening import listening

TEXT = "text/plain; version=0.0.4"


@dataclass
class Exporter:
    """What is answered, and the heads of the requests that came. `body` None: it accepts and then hangs."""

    body: str | None
    content_type: str = TEXT
    status: str = "200 OK"
    compress: bool = False
    extra_headers: str = ""
    answers_each: int = 0
    """So many over one connection, which is then closed without a warning; 0: any number."""
    address: str = ""
    requests: list[str] = field(default_factory=list)
    connections: int = 0

    def answer(self) -> bytes:
        assert self.body is not None
        body = gzip.compress(self.body.encode()) if self.compress else self.body.encode()
        encoding = "Content-Encoding: gzip\r\n" if self.compress else ""
        head = (
            f"HTTP/1.1 {self.status}\r\nContent-Type: {self.content_type}\r\nContent-Length: {len(body)}\r\n"
            f"{encoding}{self.extra_headers}\r\n"
        )
        return head.encode() + body


@contextlib.asynccontextmanager
async def exporting(
    body: str | None, tls: ssl.SSLContext | None = None, content_type: str = TEXT
) -> AsyncIterator[Exporter]:
    """Serve `body` until the block ends."""
    exporter = Exporter(body, content_type)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exporter.connections += 1
        for _ in range(exporter.answers_each) if exporter.answers_each else itertools.count():
            exporter.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            if exporter.body is None:
                await asyncio.Event().wait()
            writer.write(exporter.answer())
            await writer.drain()

    async with listening(serve, tls) as port:
        exporter.address = f"127.0.0.1:{port}"
        yield exporter
