"""The TCP prober, on real servers."""

import asyncio
from pathlib import Path
from typing import Any

from tests.collectors.listening import listening
from tests.collectors.probe.expiry import expiry_by_openssl
from tests.collectors.probe.probing import probed
from tests.collectors.probe.site import served_with


def tcp(**settings: Any) -> dict[str, Any]:
    return {"prober": "tcp", "tcp": settings}


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says who it is, and answers to its name."""
    writer.write(b"* loading\r\n* ready, I am mail7\r\n")
    if (await reader.readline()) == b"HELLO mail7\n":
        writer.write(b"welcome\n")
    await writer.drain()


async def test_a_port_that_takes_connections_is_well(tmp_path: Path) -> None:
    """And one that does not is down."""
    async with listening(silent) as port:
        assert (await probed(tmp_path, f"127.0.0.1:{port}", tcp()))["probe_success"] == 1
    assert (await probed(tmp_path, f"127.0.0.1:{port}", tcp()))["probe_success"] == 0


async def test_a_name_is_looked_up_in_the_preferred_protocol(tmp_path: Path) -> None:
    """And one that there is not is down."""
    async with listening(silent) as port:
        found = await probed(tmp_path, f"localhost:{port}", tcp(preferred_ip_protocol="ip4"))
        assert found["probe_success"] == 1
        assert found["probe_ip_protocol"] == 4
        assert found["probe_dns_lookup_time_seconds"] > 0
    assert (await probed(tmp_path, "none.invalid:1", tcp()))["probe_success"] == 0


async def test_a_conversation_is_held_as_it_is_written_down(tmp_path: Path) -> None:
    """Lines are waited for, answered with what was found in them, and told as labels."""
    turns = [
        {"expect": r"I am (\w+)", "send": "HELLO ${1}", "labels": [{"name": "host", "value": "host-$1"}]},
        {"expect": "^welcome$"},
    ]
    async with listening(greeting) as port:
        found = await probed(tmp_path, f"127.0.0.1:{port}", tcp(query_response=turns))
    assert found["probe_success"] == 1
    assert found["probe_failed_due_to_regex"] == 0
    assert found["probe_expect_info:host-mail7"] == 1


async def test_a_line_that_never_comes_fails_the_probe(tmp_path: Path) -> None:
    """By the regular expression, when the server ends the conversation."""
    turns = [{"send": "HELLO nobody"}, {"expect": "^welcome$"}]
    async with listening(greeting) as port:
        found = await probed(tmp_path, f"127.0.0.1:{port}", tcp(query_response=turns))
    assert found["probe_success"] == 0
    assert found["probe_failed_due_to_regex"] == 1


async def test_when_a_certificate_expires_is_said(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    """Of a server that speaks TLS; one whose certificate does not hold is down."""
    tls = {"ca_file": str(certificate[0]), "server_name": "exporter.test"}
    async with listening(silent, served_with(certificate)) as port:
        found = await probed(tmp_path, f"127.0.0.1:{port}", tcp(tls=True, tls_config=tls))
        other = await probed(tmp_path, f"127.0.0.1:{port}", tcp(tls=True, tls_config={"ca_file": tls["ca_file"]}))
    assert found["probe_success"] == 1
    assert found["probe_ssl_earliest_cert_expiry"] == expiry_by_openssl(certificate[0])
    assert found["probe_ssl_last_chain_expiry_timestamp_seconds"] == expiry_by_openssl(certificate[0])
    assert other["probe_success"] == 0


async def test_a_conversation_goes_on_in_tls(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    """As mail servers have it, whose certificates expire too."""

    async def mail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail ready\r\n")
        assert await reader.readline() == b"STARTTLS\n"
        writer.write(b"220 go ahead\r\n")
        await writer.drain()
        await writer.start_tls(served_with(certificate))
        assert await reader.readline() == b"QUIT\n"
        writer.write(b"221 bye\r\n")
        await writer.drain()

    turns = [{"expect": "^220", "send": "STARTTLS"}, {"expect": "^220", "starttls": True}]
    tls = {"ca_file": str(certificate[0]), "server_name": "exporter.test"}
    module = tcp(query_response=[*turns, {"send": "QUIT"}, {"expect": "^221"}], tls_config=tls)
    async with listening(mail) as port:
        found = await probed(tmp_path, f"127.0.0.1:{port}", module)
    assert found["probe_success"] == 1
    assert found["probe_ssl_earliest_cert_expiry"] == expiry_by_openssl(certificate[0])
