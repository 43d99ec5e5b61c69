"""HTTP/1.1 over one connection, one exchange after the other.

A scrape is one small question and one large answer, every few seconds, over a connection of its own; so there is no
pool, no middleware and no copy that is not needed. Who is asked, and with what rights, is decided in `http`.
"""

import asyncio
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import h11

from collectors.prometheus.failure import ScrapeFailed
from schemas.wording import shown

_CHUNK_BYTES = 1 << 18
_GZIP = 31
"""zlib's name for its format with gzip's header."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by name in lower case; the body is unpacked."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """One connection to one server. Made by `Exchange.open`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)
        self._heard = False
        self._answered = 0

    @classmethod
    async def open(cls, host: str, port: int, tls: ssl.SSLContext | None, server_name: str | None) -> Self:
        """Connect; with `tls` the server must prove to be `server_name`, or `host`. Raises OSError."""
        name = (server_name or host) if tls else None
        return cls(*await asyncio.open_connection(host, port, ssl=tls, server_hostname=name, limit=_CHUNK_BYTES))

    @property
    def lives(self) -> bool:
        """Whether another question may be asked, as far as can be told."""
        idle = self._http.our_state is self._http.their_state is h11.IDLE
        return idle and not (self._reader.at_eof() or self._writer.transport.is_closing())

    @property
    def forsaken(self) -> bool:
        """Whether it has answered before, and not a word this time: a server may close a connection that was idle."""
        return self._answered > 0 and not self._heard

    def close(self) -> None:
        self._writer.transport.abort()

    async def get(self, path: str, headers: Mapping[str, str], limit_bytes: int) -> Answer:
        """The answer to a GET; a body of more than `limit_bytes`, unpacked, is refused (0: no limit).

        Raises OSError, ValueError, `h11.ProtocolError`, `zlib.error` and `ScrapeFailed`.
        """
        self._heard = False
        request = h11.Request(method="GET", target=path, headers=list(headers.items()))
        self._writer.write((self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b""))
        response = await self._head()
        found = {name.decode("latin-1"): value.decode("latin-1") for name, value in response.headers}
        body = _Body(found.get("content-encoding", ""), limit_bytes)
        while isinstance(event := await self._event(), h11.Data):
            body.add(event.data)
        self._answered += 1
        if self._http.our_state is self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        return Answer(response.status_code, response.reason.decode("latin-1"), found, body.whole())

    async def _head(self) -> h11.Response:
        while not isinstance(event := await self._event(), h11.Response):
            assert isinstance(event, h11.InformationalResponse), event
        return event

    async def _event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            data = await self._reader.read(_CHUNK_BYTES)
            if not (data or self._heard):
                raise ConnectionResetError("the server has closed the connection without an answer")
            self._heard = True
            self._http.receive_data(data)
        return event


class _Body:
    """A body as it comes in: unpacked, and no larger than is allowed."""

    def __init__(self, encoding: str, limit_bytes: int) -> None:
        if encoding.lower() not in ("", "identity", "gzip", "x-gzip"):
            raise ScrapeFailed(f"Content-Encoding {shown(encoding)} was not asked for")
        self._unpacking = zlib.decompressobj(_GZIP) if "gzip" in encoding.lower() else None
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._chunks: list[bytes] = []

    def add(self, data: bytes) -> None:
        if self._unpacking is None:
            self._keep(bytes(data))
            return
        most = self._limit_bytes - self._size_bytes + 1 if self._limit_bytes else 0  # 0 is all there is
        self._keep(self._unpacking.decompress(data, most))
        if self._unpacking.unused_data:  # what follows is another member
            rest, self._unpacking = self._unpacking.unused_data, zlib.decompressobj(_GZIP)
            self.add(rest)

    def whole(self) -> bytes:
        if self._unpacking and self._size_bytes and not self._unpacking.eof:
            raise ScrapeFailed("the compressed body is cut short")
        return b"".join(self._chunks)

    def _keep(self, data: bytes) -> None:
        self._size_bytes += len(data)
        if 0 < self._limit_bytes < self._size_bytes:
            raise ScrapeFailed(f"the body is larger than {self._limit_bytes} bytes (body_size_limit)")
        self._chunks.append(data)
