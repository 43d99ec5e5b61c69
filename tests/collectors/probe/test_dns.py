"""The DNS prober, on a real server on loopback: over UDP, TCP and TLS."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from collectors.probe.target import server_of
from tests.collectors.listening import listening
from tests.collectors.probe.probing import probed
from tests.collectors.probe.site import served_with

ZONE = {
    ("shop.test.", "A"): ["10.0.0.1", "10.0.0.2"],
    ("shop.test.", "MX"): ["10 mail.shop.test."],
    ("shop.test.", "SOA"): ["ns.shop.test. root.shop.test. 2026010101 3600 600 86400 60"],
}


def answer(wire: bytes) -> bytes:
    """What the zone says; a name that is not in it does not exist."""
    query = dns.message.from_wire(wire)
    response = dns.message.make_response(query)
    question = query.question[0]
    found = ZONE.get((question.name.to_text(), question.rdtype.name))
    if found:
        response.answer.append(dns.rrset.from_text_list(question.name, 300, "IN", question.rdtype.name, found))
    elif question.name.to_text() != "shop.test.":
        response.set_rcode(dns.rcode.NXDOMAIN)
    if query.flags & dns.flags.RD:
        response.authority.append(dns.rrset.from_text("shop.test.", 300, "IN", "NS", "ns.shop.test."))
    return response.to_wire()


class Udp(asyncio.DatagramProtocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.transport.sendto(b"not dns", addr)
        self.transport.sendto(answer(b"\0\0" + data[2:]), addr)  # of somebody else's question
        self.transport.sendto(answer(data), addr)


async def tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    (length,) = struct.unpack("!H", await reader.readexactly(2))
    said = answer(await reader.readexactly(length))
    writer.write(struct.pack("!H", len(said)) + said)
    await writer.drain()


@contextlib.asynccontextmanager
async def by_udp() -> AsyncIterator[int]:
    """The port of a server."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Udp, local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


def module(**settings: Any) -> dict[str, Any]:
    return {"prober": "dns", "dns": {"query_name": "shop.test", "query_type": "A", **settings}}


async def test_a_server_that_answers_is_well(tmp_path: Path) -> None:
    """How many records it has is said; answers to other questions are not taken for its."""
    async with by_udp() as port:
        found = await probed(tmp_path, f"127.0.0.1:{port}", module())
    assert found["probe_success"] == found["probe_dns_query_succeeded"] == 1
    assert found["probe_dns_answer_rrs"] == 2
    assert found["probe_dns_authority_rrs"] == 1
    assert found["probe_dns_additional_rrs"] == 0
    assert found["probe_dns_duration_seconds:request"] > 0


async def test_tcp_and_tls_are_spoken_too(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    """With the server's certificate checked."""
    async with listening(tcp) as port:
        found = await probed(tmp_path, f"127.0.0.1:{port}", module(transport_protocol="tcp"))
        assert found["probe_dns_answer_rrs"] == 2
    tls = {"ca_file": str(certificate[0]), "server_name": "exporter.test"}
    async with listening(tcp, served_with(certificate)) as port:
        found = await probed(tmp_path, f"127.0.0.1:{port}", module(dns_over_tls=True, tls_config=tls))
        assert found["probe_dns_answer_rrs"] == 2
        found = await probed(tmp_path, f"127.0.0.1:{port}", module(dns_over_tls=True, tls_config={}))
        assert found["probe_success"] == 0


@pytest.mark.parametrize(
    ("settings", "well", "by_regexp"),
    [
        ({"query_name": "none.test"}, False, False),
        ({"query_name": "none.test", "valid_rcodes": ["NXDOMAIN"]}, True, False),
        ({"validate_answer_rrs": {"fail_if_matches_regexp": [r"\tA\t10\.0\.0\.2$"]}}, False, True),
        ({"validate_answer_rrs": {"fail_if_matches_regexp": [r"127\.0"]}}, True, False),
        ({"validate_answer_rrs": {"fail_if_not_matches_regexp": [r"10\.0\.0\.1"]}}, False, True),
        ({"validate_answer_rrs": {"fail_if_not_matches_regexp": [r"^shop\.test\.\t300\tIN\tA\t10"]}}, True, False),
        ({"validate_answer_rrs": {"fail_if_all_match_regexp": [r"10\.0"]}}, False, True),
        ({"validate_answer_rrs": {"fail_if_all_match_regexp": [r"10\.0\.0\.1"]}}, True, False),
        ({"validate_answer_rrs": {"fail_if_none_matches_regexp": [r"127\.0"]}}, False, True),
        ({"validate_answer_rrs": {"fail_if_none_matches_regexp": [r"10\.0\.0\.1"]}}, True, False),
        ({"query_type": "TXT", "validate_answer_rrs": {"fail_if_none_matches_regexp": ["."]}}, False, True),
        ({"validate_authority_rrs": {"fail_if_matches_regexp": ["NS"]}}, False, True),
        ({"validate_authority_rrs": {"fail_if_matches_regexp": ["NS"]}, "recursion_desired": False}, True, False),
        ({"query_type": "mx", "validate_answer_rrs": {"fail_if_not_matches_regexp": [r"MX\t10 mail"]}}, True, False),
    ],
)
async def test_records_are_judged_as_the_module_says(
    tmp_path: Path, settings: dict[str, Any], well: bool, by_regexp: bool
) -> None:
    """By response code and by what the records are, as a zone file has them."""
    async with by_udp() as port:
        found = await probed(tmp_path, f"127.0.0.1:{port}", module(**settings))
    assert found["probe_success"] == well
    assert found["probe_failed_due_to_regex"] == by_regexp


async def test_the_serial_of_a_zone_is_said(tmp_path: Path) -> None:
    """So that one that a secondary does not follow can be noticed."""
    async with by_udp() as port:
        found = await probed(tmp_path, f"127.0.0.1:{port}", module(query_type="SOA"))
    assert found["probe_dns_serial"] == 2026010101


def test_a_server_is_named_with_or_without_its_port() -> None:
    """Addresses of both protocols too."""
    said = ["ns.test", "ns.test:5353", "10.0.0.1", "::1", "[::1]", "[::1]:5353"]
    assert [server_of(each, 53) for each in said] == [
        ("ns.test", 53),
        ("ns.test", 5353),
        ("10.0.0.1", 53),
        ("::1", 53),
        ("::1", 53),
        ("::1", 5353),
    ]
