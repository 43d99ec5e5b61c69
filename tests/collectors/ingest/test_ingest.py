"""The receiver as a whole: 204 means stored, a push that comes again is stored once, and who may push how much."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import yaml

from collectors.ingest import SPEC
from collectors.ingest.config import IngestConfig
from collectors.ingest.server import NAME, receive
from collectors.receiving.server import bound
from engine.runtime.bus import Bus
from engine.runtime.publishing import new_id
from schemas import subjects
from schemas.codec import decode
from schemas.events import Events
from schemas.plugins import CollectorContext, CollectorSpec, Reading
from tests.collectors.contexts import by_text
from tests.collectors.ingest.receiver import JSON, Host, push, receiving
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.roles import agent, stored

ANY: dict[str, Any] = {"sources": {"any": {"id": "id"}}}
PATH = "/json/any"


def listening() -> tuple[CollectorSpec, str]:
    """A receiver for an agent, on a socket that is there, and its URL."""
    listener = bound("127.0.0.1:0", NAME)

    def collect(config: IngestConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
        return receive(config, context, listener)

    spec = CollectorSpec(name=NAME, summary="On a socket that is there.", config=IngestConfig, collect=collect)
    return spec, f"http://127.0.0.1:{listener.getsockname()[1]}"


async def ids_of(bus: Bus, source: str) -> list[str]:
    """What is stored."""
    found = await stored(bus, subjects.JOURNAL, subjects.events(NODE, source))
    bodies = [decode(message.subject, message.data) for message in found]
    return [event.id for body in bodies if isinstance(body, Events) for event in body.events]


def records(*ids: int) -> list[dict[str, int]]:
    return [{"id": each} for each in ids]


async def test_nothing_is_acknowledged_before_it_is_stored(tmp_path: Path) -> None:
    """Who waits too long is told to come again, and joins what is still under way: it is stored once."""
    async with receiving(tmp_path, storing=False, answer_within_s=0.1, **ANY) as host:
        late = await push(host, PATH, records(1, 2))
        assert (late.status_code, late.headers["retry-after"]) == (503, "1")
        again = asyncio.create_task(push(host, PATH, records(1, 2)))
        host.storing.set()
        assert (await again).status_code == 204
    assert host.ids == ["1", "2"]


async def test_a_push_that_comes_again_is_stored_once(tmp_path: Path) -> None:
    """Within the window, also where only some of it was there before; later it is another event."""
    async with receiving(tmp_path, retry_window_s=60, **ANY) as host:
        for ids in ((1, 2), (1, 2), (2, 3, 3)):
            assert (await push(host, PATH, records(*ids))).status_code == 204
        assert host.ids == ["1", "2", "3"]
        host.now_ms += 61_000
        assert (await push(host, PATH, records(3))).status_code == 204
    assert host.ids == ["1", "2", "3", "3"]


async def test_the_same_id_of_another_source_is_another_event(tmp_path: Path) -> None:
    """CloudEvents are told apart by source and id together."""
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-type": "t"}
    async with receiving(tmp_path) as host:
        for source in ("/a", "/b", "/a"):
            assert (await push(host, "/cloudevents", b"", headers | {"ce-source": source})).status_code == 204
    assert [event.source for event in host.events] == ["/a", "/b"]


async def test_pushes_that_wait_are_bounded(tmp_path: Path) -> None:
    """Those no longer waited for count too; what is not new may always join."""
    async with receiving(tmp_path, storing=False, answer_within_s=0.1, max_pending_requests=1, **ANY) as host:
        assert (await push(host, PATH, records(1))).status_code == 503
        refused = await push(host, PATH, records(2))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert "max_pending_requests" in refused.text
        assert "not stored within" in (await push(host, PATH, records(1))).text
        host.storing.set()
        assert (await push(host, PATH, records(1))).status_code == 204
        assert (await push(host, PATH, records(2))).status_code == 204
    assert host.ids == ["1", "2"]


async def test_what_the_bus_never_takes_is_refused_and_may_be_tried_again(tmp_path: Path) -> None:
    """413 says so; the next push of the same id is not taken for stored."""
    large = {"id": 1, "text": "x" * 100}
    async with receiving(tmp_path, **ANY) as host:
        host.largest = 50
        for _ in range(2):
            answer = await push(host, PATH, large)
            assert (answer.status_code, "larger than the bus takes" in answer.text) == (413, True)
        assert (await push(host, PATH, {"id": 1})).status_code == 204
    assert len(host.handed) == 3


@pytest.mark.parametrize(
    ("body", "headers", "status", "why"),
    [
        (b" " * 3000, JSON, 413, "body_size_limit_bytes"),
        (b"x", JSON | {"Content-Encoding": "gzip"}, 415, "not compressed"),
        (b"x", JSON, 400, "mistakes"),
    ],
)
async def test_the_answer_says_what_is_wrong(
    tmp_path: Path, body: bytes, headers: dict[str, str], status: int, why: str
) -> None:
    """With the status by which a sender decides what to do."""
    async with receiving(tmp_path, body_size_limit_bytes=2000, **ANY) as host:
        answer = await push(host, PATH, body, headers)
    assert (answer.status_code, why in answer.text) == (status, True)


async def test_only_those_with_the_secret_may_push(tmp_path: Path) -> None:
    """At every path, by a token or by name and password."""
    secret = tmp_path / "secret"
    secret.write_text("one\n", encoding="utf-8")
    pair = base64.b64encode(b"am:one").decode()
    for settings, good in (
        ({"bearer_token_file": str(secret)}, "Bearer one"),
        ({"basic_auth": {"username": "am", "password_file": str(secret)}}, f"Basic {pair}"),
    ):
        async with receiving(tmp_path, **settings) as host:
            for path in ("/falco", "/alertmanager", "/cloudevents"):
                assert (await push(host, path, b"")).status_code == 401
                assert (await push(host, path, b"", {"Authorization": good})).status_code in (400, 415)


async def test_what_is_acknowledged_is_in_the_journal(nats_server: ServerUnderTest, bus: Bus, tmp_path: Path) -> None:
    """In the order of the pushes, already then; and through a restart of the agent a retry is stored once."""
    source = f"pushed-{new_id()}"
    settings = IngestConfig.model_validate({"sources": {source: {"id": "id"}}})
    for pushed, after in (((1, 2), ["1", "2"]), ((1, 2, 3), ["1", "2", "3"])):
        spec, url = listening()
        async with agent(nats_server, tmp_path, {NAME: spec}, {NAME: settings}):
            assert (await push(Host(url), f"/json/{source}", records(*pushed))).status_code == 204
            assert await ids_of(bus, source) == after


async def test_pushes_live_through_the_death_of_the_server(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """What is pushed while it is away is acknowledged when it is back, and is there once."""
    spec, url = listening()
    settings = IngestConfig.model_validate(ANY)
    async with agent(mortal_server, tmp_path, {NAME: spec}, {NAME: settings}):
        assert (await push(Host(url), PATH, records(0))).status_code == 204
        await mortal_server.kill()
        waiting = [asyncio.create_task(push(Host(url), PATH, records(number))) for number in range(1, 20)]
        await mortal_server.up()
        assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {204}
        assert sorted(map(int, await ids_of(mortal_bus, "any"))) == list(range(20))


async def test_the_receiver_counts(tmp_path: Path) -> None:
    """Its own metrics come as readings of its own source."""
    async with receiving(tmp_path, **ANY) as host:
        for ids in ((1, 2), (2,)):
            await push(host, PATH, records(*ids))
        await push(host, PATH, b"?")
        for _ in range(2):  # the first may have been under way before
            host.reported.clear()
            await host.reported.wait()
    labels = 'instance="n1", job="ingest"'
    assert by_text(host.own[-1]) == {
        f"reflexarc_ingest_pending_requests{{{labels}}}": 0,
        f"reflexarc_ingest_retried_events_total{{{labels}}}": 1,
        f'reflexarc_ingest_events_total{{{labels}, source="any"}}': 2,
        f'reflexarc_ingest_requests_total{{code="204", {labels}}}': 2,
        f'reflexarc_ingest_requests_total{{code="400", {labels}}}': 1,
    }


def test_the_example_is_valid() -> None:
    """What the reference page shows can be copied."""
    IngestConfig.model_validate(yaml.safe_load(SPEC.example)["ingest"])
