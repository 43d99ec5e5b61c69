"""Scraping over TLS: whose certificates are checked, and which are shown."""

import os
import shutil
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.prometheus.exporter import exporting
from tests.collectors.prometheus.test_scrape import BODY, of, scraping, until_up

Certificate = tuple[Path, Path]


def served_with(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


@pytest.mark.parametrize(
    ("tls", "up"),
    [
        ({"server_name": "exporter.test"}, 1),
        ({}, 0),
        ({"server_name": "exporter.test", "ca_file": None}, 0),
        ({"insecure_skip_verify": True, "ca_file": None}, 1),
    ],
)
async def test_certificates_are_checked(
    tmp_path: Path, certificate: Certificate, tls: dict[str, Any], up: float
) -> None:
    """Against the given authority and name, unless the configuration says that they need not be."""
    given = {name: value for name, value in {"ca_file": str(certificate[0]), **tls}.items() if value is not None}
    async with exporting(BODY, served_with(certificate)) as exporter:
        job = of(exporter) | {"scheme": "https", "tls_config": given, "scrape_interval": "500ms"}
        async with scraping(tmp_path, job) as readings:
            await until_up(readings, exporter, up)


async def test_a_client_certificate_is_shown_as_it_is_now(tmp_path: Path, certificate: Certificate) -> None:
    """A server that asks for one is down until it is there, and back with the first scrape after; so it is renewed."""
    server = served_with(certificate)
    server.load_verify_locations(certificate[0])
    server.verify_mode = ssl.CERT_REQUIRED
    authority, shown, key = (tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem"))
    tls = {"ca_file": str(authority), "cert_file": str(shown), "key_file": str(key), "server_name": "exporter.test"}
    async with exporting(BODY, server) as exporter:
        job = of(exporter) | {"scheme": "https", "tls_config": tls}
        async with scraping(tmp_path, job) as readings:
            await until_up(readings, exporter, 0)
            shutil.copy(certificate[1], key)
            shutil.copy(certificate[0], shown)
            shutil.copy(certificate[0], authority)
            await until_up(readings, exporter, 1)
            shown.write_text("not a certificate", encoding="utf-8")
            await until_up(readings, exporter, 0)
            shutil.copy(certificate[0], shown)
            os.utime(shown)
            await until_up(readings, exporter, 1)
