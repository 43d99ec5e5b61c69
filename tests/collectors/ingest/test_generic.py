"""JSON of anybody, read as the configuration says."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collectors.ingest.config import IngestConfig, JsonSource
from collectors.ingest.generic import reader
from collectors.ingest.pushed import Malformed
from schemas.codec import decode, encode
from schemas.events import Events
from tests.collectors.ingest.receiver import push, receiving

SHOP = {
    "time": "at",
    "message": "text",
    "rename": {"client.ip": "source.ip"},
    "type": "shop.order",
    "product": "shop",
    "service": {"field": "queue"},
    "id": "order.id",
    "records": "batch.orders",
}


def order(number: int, **more: Any) -> dict[str, Any]:
    usual = {
        "order": {"id": number},
        "at": 1709529901.12,
        "text": "paid",
        "client": {"ip": "192.0.2.7"},
        "queue": "Orders",
    }
    return usual | more


async def test_fields_become_what_the_configuration_says(tmp_path: Path) -> None:
    """Time, message, log source, id and names, by paths into the object; the rest stays as it came."""
    async with receiving(tmp_path, sources={"shop": SHOP}) as host:
        answer = await push(host, "/json/shop", {"batch": {"orders": [order(1), order(2, extra=True)]}})
        assert answer.status_code == 204
    first, second = host.events
    assert host.ids == ["1", "2"]
    assert (first.source, first.type, first.product, first.service) == ("shop", "shop.order", "shop", "orders")
    assert first.time == "2024-03-04T05:25:01.120Z"
    assert (first.data["message"], first.data["source.ip"], second.data["extra"]) == ("paid", "192.0.2.7", True)
    assert {occurrence.source for occurrence in host.handed} == {"shop"}


@pytest.mark.parametrize("body", [b'{"n":1}', b'[{"n":1},{"n":2}]', b'{"n":1}\n{"n":2}\n\n', b'[{"n":1}]\n'])
async def test_an_object_an_array_and_lines_are_read(tmp_path: Path, body: bytes) -> None:
    """Without a list within, each object is an event; without an id, the content tells one push from another."""
    async with receiving(tmp_path, sources={"any": {}}) as host:
        for _ in range(2):
            assert (await push(host, "/json/any", body)).status_code == 204
    assert [event.data["n"] for event in host.events] == [1, 2][: body.count(b"n")]
    assert len(set(host.ids)) == len(host.ids)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"batch": 5}, "$.batch.orders: expected a list of objects"),
        (
            [order(1), 5, order(2, at="soon"), order(3, order={})],
            "$[1]: expected an object, got 5\n"
            '$[2].at: expected a time in ISO 8601 or since 1970, got "soon"\n'
            "$[3].order.id: expected text or a whole number, by which the event is told from others\n",
        ),
        (b'{"n":1}\n{"n"\n', "line 2: expected JSON"),
        (b"hello", "$: expected JSON: JSON is malformed"),
        (list(range(50)), "$[19]: expected an object, got 19\nand 30 more"),
    ],
)
async def test_every_mistake_is_told_with_its_place(tmp_path: Path, body: Any, why: str) -> None:
    """And nothing is stored."""
    async with receiving(tmp_path, sources={"shop": SHOP}) as host:
        answer = await push(host, "/json/shop", body)
    assert (answer.status_code, why in answer.text) == (400, True), answer.text
    assert host.handed == []


async def test_a_source_that_is_not_configured_is_not_there(tmp_path: Path) -> None:
    async with receiving(tmp_path, sources={"shop": SHOP}) as host:
        assert (await push(host, "/json/other", {"a": 1})).status_code == 404


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["batch", "orders", "order", "id", "at", "text", "client"]), inner)
    ),
)


@given(st.binary(max_size=40) | json_values.map(msgspec.json.encode))
def test_any_body_is_events_that_can_be_published_or_malformed(body: bytes) -> None:
    """Nothing else is raised, whatever is pushed."""
    for source in (JsonSource.model_validate(SHOP), JsonSource()):
        try:
            events = reader("shop", source)(body)
        except Malformed:
            continue
        sent = Events(tuple(events))
        assert decode("ops.events.n.shop", encode(sent)) == sent


@pytest.mark.parametrize("name", ["falco", "a/b", "", "reflexarc-agent", "x" * 65])
def test_a_name_that_cannot_be_a_path_and_a_source_is_refused(name: str) -> None:
    """Nor may it be that of another endpoint, or of a role."""
    with pytest.raises(ValidationError, match="sources: expected a name of letters"):
        IngestConfig.model_validate({"sources": {name: {}}})
