"""Events of JSON that is not, or not all, CloudEvents: objects, arrays of them, and what wraps them.

What one element has wrong costs the others nothing: it is left out, and said.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from schemas.events import Event, Events
from schemas.foreign.reading import BROKEN, read_json
from schemas.foreign.recognise import recognised
from schemas.foreign.records import Fields
from schemas.foreign.times import rfc3339, time_of

TYPE = "json"
"""Of an event whose object does not say its own, and is not recognised."""
LONGEST_TYPE = 100
LONGEST_PART = 100
"""Characters of a product, category or service that an object may name."""
MOST_REASONS = 10
MOST_EVENTS = 100_000
"""In a message: a million tiny objects have room in one, and would stop the engine for seconds."""

_WRAPPERS = ("Records", "records", "metrics")
"""The only field of what wraps a list of records: CloudTrail, Azure, Telegraf."""
_PAIR = 2


class _Element(NamedTuple):
    """What is to become one event, where it stands, and the time that stands beside it."""

    value: Any
    path: str
    time: str | None = None


def from_bytes(data: bytes, source: str, place: str) -> Events:
    """The events of a message, each with `source`, and an id made of `place` and its number where it has none.

    The message is a JSON object, an array, or lines of them. Raises nothing: what is refused, the result says.
    """
    lines = list(_lines(data))
    if len(lines) > 1 and _is_whole(lines[0]):
        return _from_lines(lines, source, place)
    try:
        return from_elements(list(_elements(read_json(data))), source, place)
    except BROKEN as error:
        return _from_lines(lines, source, place) if len(lines) > 1 else Events((), (str(error),))


def _from_lines(lines: Sequence[bytes], source: str, place: str) -> Events:
    elements, refused = [], []
    for number, line in enumerate(lines, 1):
        try:
            elements.append(_Element(read_json(line), f"line {number}"))
        except BROKEN as error:
            refused.append(f"line {number}: {error}")
    found = from_elements(elements, source, place)
    return Events(found.events, _few([*refused, *found.refused]))


def from_elements(elements: Sequence[_Element], source: str, place: str) -> Events:
    """The events of those that are any, in their order; none where there are more than `MOST_EVENTS`."""
    if len(elements) > MOST_EVENTS:
        return Events((), (f"expected at most {MOST_EVENTS} events in a message, got {len(elements)}",))
    events: list[Event] = []
    refused = []
    for element in elements:
        try:
            events.append(_event(element, source, f"{place}.{len(events)}"))
        except msgspec.ValidationError as error:
            refused.append(f"{element.path}: {error}")
    return Events(tuple(events), _few(refused))


def located(event: Event) -> Event:
    """The event, with the log source of its data where it has none and that is recognised."""
    if event.product or event.category or event.service or not isinstance(event.data, dict):
        return event
    known = recognised(event.data)
    if known is None:
        return event
    return msgspec.structs.replace(
        event,
        data=known.data,
        time=event.time or known.time,
        product=known.product,
        category=known.category,
        service=known.service,
    )


def _is_whole(line: bytes) -> bool:
    """Whether it is an object by itself, not the first line of one."""
    try:
        read_json(line)
    except BROKEN:
        return False
    return True


def _lines(data: bytes) -> Iterator[bytes]:
    return (line for line in data.split(b"\n") if line.strip())


def _elements(decoded: Any) -> Iterator[_Element]:
    path, values = "$", decoded
    if isinstance(decoded, dict):
        name = _wrapper(decoded)
        if name is None:
            yield _Element(decoded, path)
            return
        path, values = f"$.{name}", decoded[name]
    if not isinstance(values, list):
        yield _Element(values, path)
        return
    for number, value in enumerate(values):
        yield _unpaired(_Element(value, f"{path}[{number}]"))


def _wrapper(data: Fields) -> str | None:
    """The name of the field whose list of records is all that the object is."""
    only = next(iter(data)) if len(data) == 1 else "items" if data.get("kind") == "EventList" else ""
    is_one = only in _WRAPPERS or only == "items"
    return only if is_one and isinstance(data.get(only), list) else None


def _unpaired(element: _Element) -> _Element:
    """Fluent Bit's records are pairs: the time, or a list of the time and metadata, and the record."""
    match element.value:
        case [int() | float() as time, dict() as record]:
            return _Element(record, element.path, rfc3339(time))
        case [[int() | float() as time, *_], dict() as record]:
            return _Element(record, element.path, rfc3339(time))
    return element


def _event(element: _Element, source: str, own_id: str) -> Event:
    """Raises msgspec.ValidationError for what is no event."""
    data = element.value
    if not isinstance(data, dict) or not data:
        expected = "a CloudEvent, another JSON object or a pair of time and object"
        raise msgspec.ValidationError(f"expected {expected}, got {_kind(data)}")
    if "specversion" in data or all(isinstance(data.get(name), str) for name in ("id", "source", "type")):
        try:
            return located(msgspec.convert(data, Event))
        except msgspec.ValidationError:
            if "specversion" in data:  # it means to be one
                raise
    return _foreign(data, element.time, source, own_id)


def _foreign(data: Fields, time: str | None, source: str, own_id: str) -> Event:
    known = None if isinstance(data.get("product"), str) else recognised(data)
    if known is None:
        return Event(
            id=own_id,
            source=source,
            type=_said(data, "type", LONGEST_TYPE) or TYPE,
            time=time or time_of(data),
            data=data,
            product=_said(data, "product", LONGEST_PART).lower(),
            category=_said(data, "category", LONGEST_PART).lower(),
            service=_said(data, "service", LONGEST_PART).lower(),
        )
    return Event(
        id=own_id,
        source=source,
        type=known.type,
        time=known.time or time or time_of(data),
        data=known.data,
        product=known.product,
        category=known.category,
        service=known.service,
    )


def _said(data: Fields, name: str, longest: int) -> str:
    value = data.get(name)
    return value if isinstance(value, str) and len(value) <= longest else ""


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case dict():
            return "an object without fields"
    return "an array"


def _few(reasons: list[str]) -> tuple[str, ...]:
    """The first of them, and how many more there are."""
    more = len(reasons) - MOST_REASONS
    return (*reasons[:MOST_REASONS], f"and {more} more") if more > 0 else tuple(reasons)
