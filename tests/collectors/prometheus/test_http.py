"""Claims about HTTP as scrapes use it, against a real server: connections, redirects, and what is refused."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from collectors.prometheus.failure import ScrapeFailed
from collectors.prometheus.http import HttpClient
from collectors.prometheus.http_config import HttpConfig
from tests.collectors.prometheus.exporter import Exporter, exporting

LIMIT_BYTES = 1000


@contextlib.asynccontextmanager
async def asking(**fields: object) -> AsyncIterator[HttpClient]:
    client = HttpClient(HttpConfig.model_validate(fields))
    try:
        yield client
    finally:
        await client.close()


async def ask(client: HttpClient, exporter: Exporter, limit_bytes: int = LIMIT_BYTES) -> bytes:
    return (await client.get(f"http://{exporter.address}/metrics", {"Accept": "*/*"}, limit_bytes)).body


async def test_one_connection_serves_many_questions() -> None:
    """It is kept open from one to the next."""
    async with exporting("a 1\n") as exporter, asking() as client:
        assert [await ask(client, exporter) for _ in range(3)] == [b"a 1\n"] * 3
    assert exporter.connections == 1


@pytest.mark.parametrize("announced", [True, False])
async def test_a_server_may_close_the_connection_after_each_answer(announced: bool) -> None:
    """Whether it says so or not, the next question is asked over another one."""
    async with exporting("a 1\n") as exporter, asking() as client:
        exporter.answers_each = 1
        exporter.extra_headers = "Connection: close\r\n" if announced else ""
        assert [await ask(client, exporter) for _ in range(3)] == [b"a 1\n"] * 3
    assert exporter.connections == 3


async def test_a_server_that_never_answers_is_not_asked_for_ever() -> None:
    """A new connection that is closed without a word is a failure."""
    async with exporting("a 1\n") as exporter, asking() as client:
        exporter.answers_each = -1
        with pytest.raises(ScrapeFailed, match="Connection"):
            await ask(client, exporter)
    assert exporter.connections == 1


async def test_credentials_stay_with_the_server_they_are_for() -> None:
    """A redirect is followed, and another server is not told the password."""
    async with exporting("a 1\n") as there, exporting("") as here, asking(basic_auth={"username": "me"}) as client:
        here.status, here.extra_headers = "302 Found", f"Location: http://{there.address}/other\r\n"
        assert await ask(client, here) == b"a 1\n"
    assert "authorization:" in here.requests[0].lower()
    assert "authorization:" not in there.requests[0].lower()
    assert there.requests[0].startswith("GET /other HTTP/1.1\r\n")


async def test_redirects_are_not_followed_where_that_is_not_wanted() -> None:
    """The redirect is then the answer, and no good one."""
    async with exporting("") as here, asking(follow_redirects=False) as client:
        here.status, here.extra_headers = "302 Found", "Location: /metrics\r\n"
        with pytest.raises(ScrapeFailed, match="302 Found"):
            await ask(client, here)


async def test_redirects_that_lead_nowhere_end() -> None:
    """A circle is a failure, after as many turns as Prometheus makes."""
    async with exporting("") as here, asking() as client:
        here.status, here.extra_headers = "302 Found", "Location: /metrics\r\n"
        with pytest.raises(ScrapeFailed, match="redirected more than 10 times"):
            await ask(client, here)


@pytest.mark.parametrize("compress", [True, False])
async def test_the_limit_holds_for_what_is_unpacked(compress: bool) -> None:
    """However small it was on its way."""
    async with exporting("a" * (LIMIT_BYTES + 1)) as exporter, asking() as client:
        exporter.compress = compress
        with pytest.raises(ScrapeFailed, match="larger than 1000 bytes"):
            await ask(client, exporter)
        assert len(await ask(client, exporter, 0)) == LIMIT_BYTES + 1


async def test_an_encoding_that_was_not_asked_for_is_refused() -> None:
    """It is named."""
    async with exporting("a 1\n") as exporter, asking() as client:
        exporter.extra_headers = "Content-Encoding: br\r\n"
        with pytest.raises(ScrapeFailed, match='Content-Encoding "br" was not asked for'):
            await ask(client, exporter)
