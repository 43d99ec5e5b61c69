"""CloudEvents over HTTP: the three modes, and what is said of what is none."""

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.events import Event
from tests.collectors.ingest.receiver import push, receiving

ONE = {
    "specversion": "1.0",
    "id": "a/1",
    "source": "/ci",
    "type": "deployment.finished",
    "time": "2024-03-04T06:25:01.12+01:00",
    "service": "CI",
    "traceparent": "ignored",
    "data": {"version": "v2"},
}
EVENT = Event(
    id="a/1",
    source="/ci",
    type="deployment.finished",
    time="2024-03-04T05:25:01.120Z",
    service="ci",
    data={"version": "v2"},
)
STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=UTF-8"}
BATCHED = {"Content-Type": "application/cloudevents-batch+json"}
BINARY = {"ce-specversion": "1.0", "ce-id": "a%2F1", "ce-source": "/ci", "ce-type": "t"}


async def test_an_event_and_a_batch_of_them_are_taken(tmp_path: Path) -> None:
    """Structured: in the body, with all that they say but extensions of others."""
    async with receiving(tmp_path) as host:
        assert (await push(host, "/cloudevents", ONE, STRUCTURED)).status_code == 204
        assert (await push(host, "/cloudevents", [ONE, ONE | {"id": "2"}], BATCHED)).status_code == 204
        assert (await push(host, "/cloudevents", [], BATCHED)).status_code == 204
    assert host.events == [EVENT, msgspec.structs.replace(EVENT, id="2")]
    assert {occurrence.source for occurrence in host.handed} == {"cloudevents"}


@pytest.mark.parametrize(
    ("content_type", "body", "data"),
    [
        ("application/json", b'{"a":1}', {"a": 1}),
        ("application/vnd.x+json", b"[1]", [1]),
        ("text/plain; charset=utf-8", "größer".encode(), "größer"),
        ("application/octet-stream", b"\xff\x00", "/wA="),
        ("application/json", b"", None),
    ],
)
async def test_an_event_in_headers_is_taken(tmp_path: Path, content_type: str, body: bytes, data: Any) -> None:
    """Binary: the attributes in headers, the data as the body, of any type."""
    async with receiving(tmp_path) as host:
        headers = {**BINARY, "Content-Type": content_type, "ce-time": "2024-03-04T05:25:01.12Z"}
        assert (await push(host, "/cloudevents", body, headers)).status_code == 204
    (event,) = host.events
    assert (event.id, event.source, event.time, event.data) == ("a/1", "/ci", EVENT.time, data)


async def test_binary_data_within_json_is_unpacked(tmp_path: Path) -> None:
    """As text where it is text."""
    packed = {name: value for name, value in ONE.items() if name != "data"} | {
        "data_base64": base64.b64encode(b"hello").decode(),
        "datacontenttype": "text/plain",
    }
    async with receiving(tmp_path) as host:
        assert (await push(host, "/cloudevents", packed, STRUCTURED)).status_code == 204
    assert host.events[0].data == "hello"


@pytest.mark.parametrize(
    ("body", "headers", "status", "why"),
    [
        ([ONE], {"Content-Type": "application/json"}, 415, "expected application/cloudevents+json"),
        (ONE, BATCHED, 400, "$: expected an array of CloudEvents"),
        ([ONE], STRUCTURED, 400, "$: expected an object, got a list"),
        (b"{", STRUCTURED, 400, "$: expected JSON: Input data was truncated"),
        (b"[" * 100_000, STRUCTURED, 400, "$: expected JSON: maximum recursion depth"),
        (b"[" * 900 + b"]" * 900, STRUCTURED, 400, "$: expected JSON: maximum recursion depth"),
        (ONE | {"id": 7}, STRUCTURED, 400, "$.id: expected text that is not empty"),
        (ONE | {"specversion": "0.3"}, STRUCTURED, 400, '$.specversion: expected "1.0"'),
        (ONE | {"time": "soon"}, STRUCTURED, 400, "$.time: expected a time as RFC 3339 writes it"),
        (ONE | {"product": 5}, STRUCTURED, 400, "$.product: Expected `str`, got `int`"),
        (ONE | {"data_base64": "?"}, STRUCTURED, 400, '$.data_base64: expected base64, got "?"'),
        (b"{}", BINARY | {"ce-id": ""}, 400, "header ce-id: expected text"),
        (b"{", BINARY | {"Content-Type": "application/json"}, 400, "body: expected JSON"),
    ],
)
async def test_the_answer_says_what_is_wrong_and_where(
    tmp_path: Path, body: Any, headers: dict[str, str], status: int, why: str
) -> None:
    """In words for a person, with the place."""
    async with receiving(tmp_path) as host:
        answer = await push(host, "/cloudevents", body, headers)
    assert (answer.status_code, why in answer.text) == (status, True), answer.text
    assert host.handed == []


async def test_of_a_batch_all_is_stored_or_nothing(tmp_path: Path) -> None:
    """Every mistake in it is listed, so that whoever sent it can send it anew."""
    batch = [ONE, ONE | {"id": ""}, 5, ONE | {"type": None, "source": None}]
    async with receiving(tmp_path) as host:
        answer = await push(host, "/cloudevents", batch, BATCHED)
    assert answer.status_code == 400
    assert [line.partition(":")[0] for line in answer.text.splitlines()[1:]] == [
        "$[1].id",
        "$[2]",
        "$[3].source",
        "$[3].type",
    ]
    assert host.handed == []
