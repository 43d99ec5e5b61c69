"""TLS before the stand-in: who a client is, its certificate says, as to an API server."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.cluster.authority import Authority

_REFUSED = b'{"kind":"Status","code":401,"reason":"Unauthorized","message":"Unauthorized"}'
_ANSWER = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"


class TlsFront:
    """`async with TlsFront(url, authority, folder) as front`: it passes on to `url` what comes by a connection with the
    certificate `serial`, and answers all else by 401. Its own certificate and those of clients are the authority's.
    """

    def __init__(self, url: str, authority: Authority, folder: Path) -> None:
        found = urlsplit(url)
        self._behind = found.hostname, found.port
        self._folder = folder
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.verify_mode = ssl.CERT_OPTIONAL
        self.trust(authority)
        self.serial = 0
        self.port = 0
        self._connections: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    def trust(self, authority: Authority) -> None:
        """From now on, for connections that begin, what it shows is of that authority; clients of either are known."""
        certificate, key = self._folder / "server.pem", self._folder / "server.key"
        authority.sign("server", certificate, key)
        self._tls.load_cert_chain(certificate, key)
        self._tls.load_verify_locations(authority.file)

    def disconnect(self) -> None:
        """End every connection; new ones are accepted."""
        for writer in self._connections.values():
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        answers, behind = await asyncio.open_connection(*self._behind)
        back = asyncio.create_task(_pass_on(answers, writer))
        own = writer.get_extra_info("ssl_object").getpeercert() or {"serialNumber": "0"}
        try:
            while asked := await reader.read(65536):
                if int(own["serialNumber"], 16) != self.serial:
                    writer.write(_ANSWER % (len(_REFUSED), _REFUSED))
                    await writer.drain()
                    continue
                behind.write(asked)
                await behind.drain()
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            back.cancel()
            behind.close()
            writer.close()
            del self._connections[task]


async def _pass_on(answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while answer := await answers.read(65536):
            writer.write(answer)
            await writer.drain()
    writer.close()
