"""A real HTTP server on a free loopback port: pages by path, and the requests that came."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from tests.collectors.listening import listening


@dataclass
class Page:
    """`hold` is awaited before the answer."""

    body: bytes = b"all is well"
    status: str = "200 OK"
    headers: str = ""
    hold: asyncio.Event | None = None


@dataclass
class Site:
    pages: Mapping[str, Page]
    requests: list[str] = field(default_factory=list)
    """Heads of requests, each with its body."""
    scheme: str = "http"
    port: int = 0
    under_way: int = 0
    most_under_way: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(each.split(":")[1]) for each in head.lower().split("\r\n") if "content-length" in each), 0)
        self.requests.append(head + (await reader.readexactly(length)).decode())
        page = self.pages[head.split(" ")[1]]
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if page.hold:
                await page.hold.wait()
        finally:
            self.under_way -= 1
        about = f"HTTP/1.1 {page.status}\r\nContent-Length: {len(page.body)}\r\n{page.headers}\r\n"
        writer.write(about.encode() + page.body)
        await writer.drain()


@contextlib.asynccontextmanager
async def serving(pages: Mapping[str, Page], tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    """Until the block ends."""
    site = Site(pages, scheme="https" if tls else "http")
    async with listening(site.serve, tls) as site.port:
        yield site


def served_with(certificate: tuple[object, object]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*map(str, certificate))
    return context
