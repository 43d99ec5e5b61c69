"""The TCP prober: connects, perhaps in TLS, and holds the conversation that the module writes down."""

import asyncio
import ssl

from collectors.probe.fields import regexp_of, resolved
from collectors.probe.found import Findings, ProbeFailed
from collectors.probe.modules import QueryResponse, Reaching, TcpModule
from collectors.probe.resolve import Resolver
from collectors.probe.tls import describe
from collectors.prometheus.http_config import TlsConfig
from collectors.prometheus.tls import ssl_context, versions_of
from schemas.regexp import Match, expand

_LONGEST_LINE_BYTES = 65_536

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(host: str, port: int, address: str, module: Reaching, tls: TlsConfig | None) -> Streams:
    """To `address`, which with `tls` must prove to be `host`. Raises OSError."""
    return await asyncio.open_connection(
        address,
        port,
        limit=_LONGEST_LINE_BYTES,
        local_addr=(module.source_ip_address, 0) if module.source_ip_address else None,
        ssl=_context(tls) if tls else None,
        server_hostname=(tls.server_name or host) if tls else None,
    )


def _context(tls: TlsConfig) -> ssl.SSLContext:
    return ssl_context(tls, versions_of(tls))


class TcpProber:
    """Probes in the way of one module."""

    def __init__(self, module: TcpModule, resolver: Resolver) -> None:
        self._module = module
        self._resolver = resolver

    async def probe(self, instance: str, found: Findings) -> None:
        """Raises `ProbeFailed`; the caller bounds time."""
        module = self._module
        host, _, port = instance.rpartition(":")
        host = host.strip("[]")
        address = await self._resolver.resolve(host, module, found)
        try:
            streams = await connect(host, int(port), address, module, module.tls_config if module.tls else None)
            try:
                if module.tls:
                    describe(streams[1].get_extra_info("ssl_object"), found)
                await self._converse(streams, host, found)
            finally:
                streams[1].transport.abort()
        except (OSError, ValueError) as error:
            raise ProbeFailed(f"{type(error).__name__}: {error}") from error

    async def _converse(self, streams: Streams, host: str, found: Findings) -> None:
        reader, writer = streams
        for turn in self._module.query_response:
            said = await _expected(reader, turn) if turn.expect else None
            if said is not None and turn.labels:
                found.put("probe_expect_info", 1.0, **{each.name: expand(each.value, said) for each in turn.labels})
            if turn.send:
                text = resolved(turn.send)
                writer.write((expand(text, said) if said else text).encode() + b"\n")
                await writer.drain()
            if turn.starttls:
                name = self._module.tls_config.server_name or host
                await writer.start_tls(_context(self._module.tls_config), server_hostname=name)
                describe(writer.get_extra_info("ssl_object"), found)


async def _expected(reader: asyncio.StreamReader, turn: QueryResponse) -> Match:
    """The match in the first line that has one."""
    pattern = regexp_of(turn.expect)
    while line := await reader.readline():
        if found := pattern.search(line.rstrip(b"\r\n").decode(errors="replace")):
            return found
    raise ProbeFailed(f"the connection was closed before a line matched {turn.expect}", regexp=True)
