"""One question to a name server and its answer, over UDP, TCP or TLS, with the time that each phase takes."""

import asyncio
import struct

import dns.exception
import dns.message

from collectors.probe.found import Findings
from collectors.probe.modules import DnsModule
from collectors.probe.tcp import connect

_NAME = "probe_dns_duration_seconds"

Answers = asyncio.Future[dns.message.Message]


class Phases:
    """How long each took; the first begins when this is made."""

    def __init__(self, found: Findings) -> None:
        self._found = found
        self._clock = asyncio.get_running_loop().time
        self._began_s = self._clock()
        for phase in ("resolve", "connect", "request"):
            found.put(_NAME, 0.0, phase=phase)

    def ended(self, phase: str) -> None:
        """And the next begins."""
        before_s, self._began_s = self._began_s, self._clock()
        self._found.put(_NAME, self._began_s - before_s, phase=phase)


async def by_udp(
    query: dns.message.Message, address: str, port: int, module: DnsModule, phases: Phases
) -> dns.message.Message:
    """Raises OSError."""
    loop = asyncio.get_running_loop()
    answers: Answers = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Udp(query, answers),
        remote_addr=(address, port),
        local_addr=(module.source_ip_address, 0) if module.source_ip_address else None,
    )
    try:
        phases.ended("connect")
        transport.sendto(query.to_wire())
        answer = await answers
        phases.ended("request")
        return answer
    finally:
        transport.abort()


async def by_tcp(
    query: dns.message.Message, server: tuple[str, int, str], module: DnsModule, phases: Phases
) -> dns.message.Message:
    """`server` is its name, port and address. Raises OSError, EOFError and `DNSException`."""
    host, port, address = server
    reader, writer = await connect(host, port, address, module, module.tls_config if module.dns_over_tls else None)
    try:
        phases.ended("connect")
        wire = query.to_wire()
        writer.write(struct.pack("!H", len(wire)) + wire)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        answer = dns.message.from_wire(await reader.readexactly(length))
        phases.ended("request")
        return answer
    finally:
        writer.transport.abort()


class _Udp(asyncio.DatagramProtocol):
    """Waits for the answer to one query; other datagrams are of somebody else."""

    def __init__(self, query: dns.message.Message, answers: Answers) -> None:
        self._query = query
        self._answers = answers

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - so it is called
        try:
            answer = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return
        if not self._answers.done() and self._query.is_response(answer):
            self._answers.set_result(answer)

    def error_received(self, exc: Exception) -> None:
        if not self._answers.done():
            self._answers.set_exception(exc)
