"""The HTTP prober, on real servers."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.probe.expiry import expiry_by_openssl
from tests.collectors.probe.probing import found_in, next_of, probed, probing
from tests.collectors.probe.site import Page, served_with, serving

HTTP: dict[str, Any] = {"prober": "http"}
PHASES = ("resolve", "connect", "tls", "processing", "transfer")


def http(**settings: Any) -> dict[str, Any]:
    return {"prober": "http", "http": settings}


async def test_a_page_that_answers_is_well(tmp_path: Path) -> None:
    """What blackbox_exporter says of it is said, under the same names."""
    modified = "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    async with serving({"/health": Page(b"fine", headers=modified)}) as site:
        found = await probed(tmp_path, f"{site.url}/health", HTTP)
    assert found["probe_success"] == 1
    assert found["probe_http_status_code"] == 200
    assert found["probe_http_version"] == 1.1
    assert found["probe_http_ssl"] == found["probe_http_redirects"] == found["probe_failed_due_to_regex"] == 0
    assert found["probe_http_content_length"] == found["probe_http_uncompressed_body_length"] == 4
    assert found["probe_http_last_modified_timestamp_seconds"] == 1767225600
    assert found["probe_ip_protocol"] == 4
    phases = [found[f"probe_http_duration_seconds:{phase}"] for phase in PHASES]
    assert found["probe_duration_seconds"] > sum(phases) > 0
    assert phases[2] == 0
    assert min(phases[1], phases[3]) > 0
    assert "probe_ssl_earliest_cert_expiry" not in found


async def test_where_nobody_listens_it_is_down(tmp_path: Path) -> None:
    """The series are the same, so that no rule has to know."""
    async with serving({}) as site:
        url = site.url
    found = await probed(tmp_path, url, HTTP)
    assert found["probe_success"] == found["probe_http_status_code"] == 0
    assert {f"probe_http_duration_seconds:{phase}" for phase in PHASES} <= set(found)


@pytest.mark.parametrize(
    ("page", "module", "well", "by_regexp"),
    [
        (Page(status="404 Not Found"), {}, False, False),
        (Page(status="204 No Content", body=b""), {}, True, False),
        (Page(status="404 Not Found"), {"valid_status_codes": [404, 410]}, True, False),
        (Page(), {"valid_status_codes": [404]}, False, False),
        (Page(), {"valid_http_versions": ["HTTP/1.0", "HTTP/2.0"]}, False, False),
        (Page(), {"valid_http_versions": ["HTTP/1.1"]}, True, False),
        (Page(), {"fail_if_not_ssl": True}, False, False),
        (Page(), {"fail_if_ssl": True}, True, False),
        (Page(b"an error has"), {"fail_if_body_matches_regexp": ["err[o]r"]}, False, True),
        (Page(b"all well"), {"fail_if_body_matches_regexp": ["err[o]r"]}, True, False),
        (Page(b"all well"), {"fail_if_body_not_matches_regexp": ["well", "fine"]}, False, True),
        (Page(b"all well"), {"fail_if_body_not_matches_regexp": ["^all"]}, True, False),
        (Page(b"a\nb"), {"fail_if_body_not_matches_regexp": ["a.b"]}, False, True),
        (Page(b"x" * 1025), {"body_size_limit": "1KB"}, False, False),
        (Page(b"x" * 1024), {"body_size_limit": "1KB"}, True, False),
        (Page(headers="X-A: b\r\n"), {"fail_if_header_matches": [{"header": "x-a", "regexp": "b"}]}, False, True),
        (Page(), {"fail_if_header_matches": [{"header": "x-a", "regexp": "b"}]}, False, True),
        (Page(), {"fail_if_header_matches": [{"header": "x-a", "regexp": "b", "allow_missing": True}]}, True, False),
        (Page(headers="X-A: b\r\n"), {"fail_if_header_not_matches": [{"header": "x-a", "regexp": "c"}]}, False, True),
        (Page(headers="X-A: b\r\n"), {"fail_if_header_not_matches": [{"header": "x-a", "regexp": "b"}]}, True, False),
        (Page(), {"fail_if_header_not_matches": [{"header": "x-a", "regexp": "b"}]}, False, True),
    ],
)
async def test_an_answer_is_judged_as_the_module_says(
    tmp_path: Path, page: Page, module: dict[str, Any], well: bool, by_regexp: bool
) -> None:
    """Status, version, TLS, headers, body and its size; and whether it was a regular expression that failed it."""
    async with serving({"/": page}) as site:
        found = await probed(tmp_path, site.url, http(**module))
    assert found["probe_success"] == well
    assert found["probe_failed_due_to_regex"] == by_regexp


async def test_the_request_is_as_the_module_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Method, headers and body, with the secrets among them read where they are."""
    monkeypatch.setenv("PROBE_TOKEN", "hunter2")
    (tmp_path / "cookie").write_text("session=1\n")
    headers = {"Host": "shop.test", "X-A": "b", "Authorization": "env:PROBE_TOKEN", "Cookie": f"file:{tmp_path}/cookie"}
    async with serving({"/": Page()}) as site:
        module = http(method="post", headers=headers, body="ask", compression="gzip")
        assert (await probed(tmp_path, site.url, module))["probe_success"] == 1
    head = site.requests[0].lower()
    assert head.startswith("post / http/1.1\r\n")
    assert head.endswith("\r\n\r\nask")
    for line in ("host: shop.test", "x-a: b", "authorization: hunter2", "cookie: session=1", "accept-encoding: gzip"):
        assert f"{line}\r\n" in head


async def test_basic_auth_is_sent_and_a_missing_secret_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A target whose secret is not there is down, for it cannot be asked; and then is well as soon as it is."""
    secret = tmp_path / "secret"
    modules = {"m": http(basic_auth={"username": "probe", "password": f"file:{secret}"})}
    async with (
        serving({"/": Page()}) as site,
        probing(tmp_path, {"targets": [site.url], "module": "m", "timeout": "20s"}, modules=modules) as readings,
    ):
        assert found_in(await next_of(readings, site.url))["probe_success"] == 0
        assert not site.requests
        secret.write_text("hunter2\n")
        while not site.requests:
            await next_of(readings, site.url)
    assert "authorization: Basic cHJvYmU6aHVudGVyMg==\r\n" in site.requests[0]
    said = capsys.readouterr().out
    assert "secret" in said
    assert "hunter2" not in said


async def test_no_secret_is_ever_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even one that HTTP does not allow, which a library would quote."""
    monkeypatch.setenv("PROBE_TOKEN", "planted-secret ")
    async with serving({"/": Page(status="500 Oh")}) as site:
        for name in ("X-Token", "Authorization"):
            found = await probed(tmp_path, site.url, http(headers={name: "env:PROBE_TOKEN"}, body="env:PROBE_TOKEN"))
            assert found["probe_success"] == 0
    said = capsys.readouterr()
    assert "probe_failed" in said.out
    assert "planted" not in said.out + said.err


async def test_redirects_are_followed_and_secrets_stay_with_whom_they_are_for(tmp_path: Path) -> None:
    """To their end, counted; headers go to no other server."""
    (tmp_path / "token").write_text("hunter2")
    async with serving({"/last": Page(b"there")}) as other:
        pages = {
            "/": Page(status="302 Found", headers="Location: /next\r\n"),
            "/next": Page(status="307 Temporary Redirect", headers=f"Location: {other.url}/last\r\n"),
        }
        async with serving(pages) as site:
            module = http(headers={"X-Token": f"file:{tmp_path}/token"})
            found = await probed(tmp_path, site.url, module)
            unfollowed = await probed(tmp_path, site.url, http(follow_redirects=False))
    assert found["probe_success"] == 1
    assert found["probe_http_redirects"] == 2
    assert found["probe_http_content_length"] == 5
    assert "hunter2" in site.requests[1]
    assert "hunter2" not in other.requests[0]
    assert unfollowed["probe_http_status_code"] == 302
    assert unfollowed["probe_success"] == 0


async def test_a_circle_of_redirects_ends(tmp_path: Path) -> None:
    """As a failure, after ten."""
    async with serving({"/": Page(status="301 Moved", headers="Location: /\r\n")}) as site:
        found = await probed(tmp_path, site.url, HTTP)
    assert found["probe_success"] == 0
    assert found["probe_http_redirects"] == 10


async def test_a_compressed_body_is_read_and_bounded_as_it_is_unpacked(tmp_path: Path) -> None:
    """A few bytes that become many are too many."""
    page = Page(gzip.compress(b"x" * 1_000_000), headers="Content-Encoding: gzip\r\n")
    async with serving({"/": page}) as site:
        small = await probed(tmp_path, site.url, http(compression="gzip", body_size_limit="10KB"))
        large = await probed(tmp_path, site.url, http(compression="gzip", fail_if_body_not_matches_regexp=["^x+$"]))
    assert small["probe_success"] == 0
    assert large["probe_success"] == 1
    assert large["probe_http_uncompressed_body_length"] == 1_000_000


@pytest.mark.parametrize(
    ("tls", "well"),
    [
        ({"server_name": "exporter.test"}, True),
        ({}, False),
        ({"server_name": "exporter.test", "ca_file": None}, False),
        ({"insecure_skip_verify": True, "ca_file": None}, True),
    ],
)
async def test_certificates_are_checked_and_their_expiry_is_said(
    tmp_path: Path, certificate: tuple[Path, Path], tls: dict[str, Any], well: bool
) -> None:
    """Also of one that is not checked, for it expires all the same."""
    config = {name: value for name, value in {"ca_file": str(certificate[0]), **tls}.items() if value is not None}
    async with serving({"/": Page()}, served_with(certificate)) as site:
        found = await probed(tmp_path, site.url, http(tls_config=config))
    assert found["probe_success"] == found["probe_http_ssl"] == well
    if well:
        assert found["probe_ssl_earliest_cert_expiry"] == expiry_by_openssl(certificate[0])
        assert found["probe_tls_version_info:TLS 1.3"] == 1
        assert found["probe_http_duration_seconds:tls"] > 0
        verified = "insecure_skip_verify" not in tls
        assert ("probe_ssl_last_chain_expiry_timestamp_seconds" in found) is verified


async def test_one_that_hangs_delays_no_other_and_times_out(tmp_path: Path) -> None:
    """While it is under way, and after its timeout it is down."""
    never = asyncio.Event()
    async with serving({"/slow": Page(hold=never), "/": Page()}) as site:
        slow = {"targets": [f"{site.url}/slow"], "timeout": "20s"}
        async with probing(tmp_path, slow, {"targets": [site.url], "timeout": "20s"}) as readings:
            while not site.under_way:
                await next_of(readings, site.url)
            for _ in range(5):
                await next_of(readings, site.url)
            assert site.under_way == 1
        slow["timeout"] = "30ms"
        async with probing(tmp_path, slow) as readings:
            assert found_in(await next_of(readings, f"{site.url}/slow"))["probe_success"] == 0


async def test_probes_under_way_are_bounded(tmp_path: Path) -> None:
    """By `concurrency`, however many targets there are."""
    go = asyncio.Event()
    async with serving({f"/{n}": Page(hold=go) for n in range(12)}) as site:
        urls = [f"{site.url}/{n}" for n in range(12)]
        async with probing(tmp_path, {"targets": urls, "timeout": "20s"}, concurrency=3) as readings:
            first = asyncio.ensure_future(next_of(readings, urls[0]))
            while site.under_way < 3:
                await asyncio.sleep(0)
            go.set()
            await first
            for url in urls[1:]:
                await next_of(readings, url)
    assert site.most_under_way == 3
