"""Costly questions: answered by copies, few at a time, each in its time, none for somebody who has gone."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import psutil
import pytest

from engine.api import ApiError, Desk, ListenError, failure, listen, url_of
from engine.api.jobs import Job
from engine.api.server import Address
from tests.api.asking import START_S, Asker, shop
from tests.api.served import ANYWHERE, served
from tests.core.story import Story, series
from tests.runtime.roles import until

COSTLY = 10**9
LONG_S = 60.0
LARGE = b"[" * 100_000
SLOW: dict[str, Any] = {
    "query": "+".join(["sum(up)"] * 90),
    "start": START_S,
    "end": START_S + 11_000,
    "step": 1,
}
"""Seconds of work."""


def endless() -> Iterator[bytes]:
    """An answer that never ends."""
    yield LARGE
    time.sleep(LONG_S)


def copies() -> list[psutil.Process]:
    """The forked copies of this process that are at work, by their being it: the same command line."""
    me, found = psutil.Process(), []
    for each in me.children():
        with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
            if each.cmdline() == me.cmdline():
                found.append(each)
    return found


async def test_an_answer_that_takes_too_long_is_given_up() -> None:
    """The time counts from the question, and the copy is ended."""
    answer = await Desk().whole(Job(COSTLY, endless, most_s=0.2))
    assert answer == failure(ApiError("timeout", "query timed out in expression evaluation"))
    await until(lambda: not copies(), "the copy to be gone")


def test_a_body_does_not_wait_for_its_head_to_be_acknowledged() -> None:
    """Connections inherit it: without, every answer to a client that keeps its connection takes 40 ms more."""
    with listen(ANYWHERE) as listening:
        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_copies_are_few() -> None:
    """One more than may work at once waits, for no longer than its time."""
    desk = Desk(most_children=1)
    async with desk.beside(Job(COSTLY, endless, most_s=LONG_S)):
        assert b"query timed out" in await desk.whole(Job(COSTLY, endless, most_s=0.1))
        assert len(copies()) == 1
    assert await desk.whole(Job(COSTLY, lambda: [b"done"], most_s=LONG_S)) == b"done"


async def test_a_copy_that_dies_is_an_error_of_ours(capfd: pytest.CaptureFixture[str]) -> None:
    """Who asked is told, rather than given half an answer."""

    def wrong() -> list[bytes]:
        raise AssertionError("a bug")

    answer = await Desk().whole(Job(COSTLY, wrong))
    assert b'"errorType":"internal"' in answer
    assert "a bug" in capfd.readouterr().err


async def test_who_goes_is_not_worked_for() -> None:
    """A client that hangs up ends the copy that works for it."""
    story = shop()
    async with served(story, Desk()) as url, httpx.AsyncClient(base_url=url) as client:
        asking = asyncio.create_task(client.get("/api/v1/query_range", params=SLOW))
        await until(copies, "a copy to work on it")
        asking.cancel()
        await until(lambda: not copies(), "the copy to be gone")
        assert (await client.get("/-/healthy")).status_code == 200


async def test_what_costs_much_is_answered_by_a_copy() -> None:
    """A range over many steps, and a moment over many series, are; a moment over few series is not."""
    story = Story(shop().state.program, settled=False)
    story.scrape({series("wide", number=str(number)): 1.0 for number in range(6_000)})
    many_steps = f"start={START_S}&end={START_S + 600}&step=1"
    async with served(story, Desk()) as url, httpx.AsyncClient(base_url=url) as client:
        for path, chunked in (
            ("query?query=up", False),
            ("query?query=sum(wide)", True),
            ("query?query=count_over_time(vector(1)[1m:])", False),
            ('query?query=sum(up{replica=~"(0|1).*"})*2', False),
            ("query?query=count_over_time(vector(1)[1m:10ms])", True),
            (f"query_range?query=up&{many_steps}", True),
            ("series?match[]=wide", True),
            ("labels?match[]=up", False),
        ):
            response = await client.get(f"/api/v1/{path}")
            assert response.status_code == 200
            assert ("content-length" not in response.headers) == chunked, path


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("(" * 900 + "up" + ")" * 900, "nested more than 100 deep"),
        (" or ".join(["up"] * 20_000), "more than 2000 operators and parentheses"),
    ],
)
async def test_a_text_that_takes_long_to_parse_is_parsed_by_a_copy(expression: str, problem: str) -> None:
    """What is wrong with it is told all the same, for a query as for a selector."""
    async with served(shop(), Desk()) as url, httpx.AsyncClient(base_url=url) as client:
        for path, name in (("query", "query"), ("series", "match[]")):
            response = await client.post(f"/api/v1/{path}", data={name: expression})
            assert "content-length" not in response.headers
            assert (response.status_code, response.json()["errorType"]) == (400, "bad_data")
            assert path == "series" or problem in response.json()["error"]


async def test_two_cannot_listen_on_one_port() -> None:
    """The error names the address and what is wrong with it."""
    with listen(ANYWHERE) as first:
        taken = Address("127.0.0.1", first.getsockname()[1])
        with pytest.raises(ListenError, match=f"cannot listen on {taken}: Address already in use"):
            listen(taken)


async def test_an_end_is_clean() -> None:
    """Cancelled while it answers, the server is gone at once: its port is free and no copy is left."""
    async with httpx.AsyncClient() as client:
        async with served(shop(), Desk()) as url:
            asking = asyncio.create_task(client.get(f"{url}/api/v1/query_range", params=SLOW))
            await until(copies, "a copy to work on it")
        assert (await asking).json()["error"] == "the engine is being stopped"
    await until(lambda: not copies(), "the copy to be gone")
    with listen(Address("127.0.0.1", int(url.rpartition(":")[2]))) as again:
        assert url_of(again) == url


async def test_the_same_is_answered_either_way() -> None:
    """A copy and the loop give the same bytes."""
    for path in ("rules", "labels", "query?query=up+or+requests_total"):
        here, beside = [await Asker(shop(), beside=each).ask(path) for each in (False, True)]
        assert here.text == beside.text
