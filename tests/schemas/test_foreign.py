"""JSON of others on the bus: what becomes of it, and that what is wrong with one costs the others nothing."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Undecodable, decode, encode
from schemas.events import Event, Events
from schemas.foreign.intake import MOST_EVENTS
from schemas.foreign.recognise import READERS

SUBJECT = "ops.events.web1.fluent%2Ebit"
SEQ = 4711
TIME = "2024-03-04T05:25:01.120Z"
NAMES = {name for names, _ in READERS for name in names} | {"id", "source", "type", "specversion", "Records", "EventID"}
TELL_TALES = sorted(NAMES)

scalars: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
names = st.sampled_from(TELL_TALES) | st.text(max_size=5)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6))


def read(message: Any) -> Events:
    data = message if isinstance(message, bytes) else msgspec.json.encode(message)
    body = decode(SUBJECT, data, seq=SEQ)
    assert isinstance(body, Events)
    return body


def event(message: Any) -> Event:
    (found,) = read(message).events
    return found


def test_an_object_is_an_event() -> None:
    """Its id is its place in the journal, its source that of the subject, and its data all of it."""
    said = {"message": "hello", "timestamp": TIME, "level": 3}
    assert event(said) == Event(id="4711.0", source="fluent.bit", type="json", time=TIME, data=said)


def test_without_a_place_the_id_follows_from_the_content() -> None:
    """So that whoever reads a message outside of the journal gets the same ids each time."""
    ids = [decode(SUBJECT, data).events[0].id for data in (b'{"a":1}', b'{"a":1}', b'{"a":2}')]  # type: ignore[union-attr]
    assert ids[0] == ids[1] != ids[2]


def test_an_object_may_say_what_it_is() -> None:
    """`type`, `product`, `category` and `service` at its top are those of the event, in lower case as Sigma's are."""
    found = event({"type": "shop.order", "product": "Shop", "service": "Orders", "rule": "x", "output": "y"})
    assert (found.type, found.product, found.category, found.service) == ("shop.order", "shop", "", "orders")


def test_what_fluent_bit_sends_is_read() -> None:
    """An array of pairs: the time and the record, the time alone or with metadata."""
    found = read([[1709529901.12, {"tag": "t", "log": "a"}], [[1709529901, {"meta": 1}], {"log": "b"}]])
    assert [(each.time, each.data["log"]) for each in found.events] == [(TIME, "a"), ("2024-03-04T05:25:01.000Z", "b")]
    assert [each.id for each in found.events] == ["4711.0", "4711.1"]


@pytest.mark.parametrize("key", ["Records", "records", "metrics"])
def test_what_wraps_records_is_taken_off(key: str) -> None:
    """CloudTrail, Azure and Telegraf put them into the one field of an object."""
    assert [each.data for each in read({key: [{"name": "a"}, {"name": "b"}]}).events] == [{"name": "a"}, {"name": "b"}]
    assert event({key: 5}).data == {key: 5}


def test_lines_of_json_are_read() -> None:
    """Some publishers send several objects with a newline after each."""
    found = read(b'{"n":1}\n{"n":2}\n{"n"\n\n{"n":4}\n')
    assert [each.data for each in found.events] == [{"n": 1}, {"n": 2}, {"n": 4}]
    assert [reason.partition(":")[0] for reason in found.refused] == ["line 3"]


@pytest.mark.parametrize("key", ["time", "@timestamp", "timestamp", "ts", "eventTime", "EventTime", "date"])
@pytest.mark.parametrize(
    "said",
    [
        "2024-03-04T05:25:01.120Z",
        "2024-03-04 06:25:01.120+01:00",
        1709529901.12,
        1709529901120,
        "1709529901120000",
        TIME,
    ],
)
def test_a_time_is_found_where_it_usually_stands(key: str, said: object) -> None:
    """As text, or as seconds, milli-, micro- or nanoseconds since 1970."""
    assert event({key: said}).time == TIME


@pytest.mark.parametrize("said", ["soon", -1, 10**30, True, None, [1], "0001-01-01T00:00:00Z", "1" * 40])
def test_what_is_no_time_is_none(said: object) -> None:
    """The event is then of the time at which the journal stored it."""
    assert event({"time": said}).time is None


def test_cloud_events_between_others_stay_what_they_are() -> None:
    """In one array with what is none, and with what only means to be one."""
    good = Event(id="1", source="s", type="t", data={"a": 1})
    broken = {"specversion": "1.0", "id": 7, "source": "s", "type": "t"}
    found = read([msgspec.to_builtins(good), {"a": 2}, broken, "x", None, [1, 2], True, {}])
    assert found.events[0] == good
    assert found.events[1].data == {"a": 2}
    kinds = ["a text", "null", "an array", "a boolean", "an object without fields"]
    assert found.refused[0] == "$[2]: Expected `str`, got `int` - at `$.id`"
    assert [reason.rpartition("got ")[2] for reason in found.refused[1:]] == kinds


def test_reasons_are_few() -> None:
    """Of very many the first are told, and how many there are."""
    found = read([{"a": 1}, *range(100)])
    assert len(found.refused) == 11
    assert found.refused[-1] == "and 90 more"


def test_a_message_of_too_many_is_undecodable() -> None:
    """It is told how many are too many, and none of them is an event."""
    with pytest.raises(Undecodable, match=f"at most {MOST_EVENTS} events in a message, got {MOST_EVENTS + 1}"):
        read(b'{"a":1}\n' * (MOST_EVENTS + 1))


def test_a_message_without_any_event_is_undecodable() -> None:
    """It says of each element what is wrong."""
    with pytest.raises(
        Undecodable, match=r"\$\[0\]: expected a CloudEvent, another JSON object .* got a number; \$\[1\]"
    ):
        read([1, 2])


def test_a_cloud_event_gets_its_log_source_from_what_it_carries() -> None:
    """Unless it has one, or was read from a file: what our collectors make of a line is their configuration's."""
    alert = {"rule": "r", "output": "o", "priority": "Notice", "output_fields": {"proc.name": "sh"}}
    bare = Event(id="1", source="s", type="falco.rule.output.v1", data=alert)
    found = event(bare)
    assert (found.type, found.product, found.data["proc.name"]) == ("falco.rule.output.v1", "falco", "sh")
    for placed in (msgspec.structs.replace(bare, service="x"), msgspec.structs.replace(bare, file="1:2")):
        assert event(placed) == placed


@given(st.lists(st.dictionaries(names, values, max_size=6) | values, max_size=4) | values)
def test_any_json_is_read_or_undecodable(message: Any) -> None:
    """Whatever the fields that we look at hold; and what was read is read again as the same."""
    try:
        data = msgspec.json.encode(message)
    except (msgspec.MsgspecError, UnicodeEncodeError, OverflowError):
        return
    with suppress(Undecodable):
        found = read(data)
        assert read(encode(found)) == Events(found.events)


@given(st.lists(st.binary(max_size=30) | st.sampled_from([b'{"a":1}', b"[", b"[]", b'"\xff"', b"1e999"]), max_size=5))
def test_any_lines_are_read_or_undecodable(lines: list[bytes]) -> None:
    """Nothing but `Undecodable` is raised."""
    with suppress(Undecodable):
        read(b"\n".join(lines))
