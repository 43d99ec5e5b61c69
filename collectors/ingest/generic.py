"""Any JSON, read as the configuration says: an object, an array of them, objects in lines, or a list within."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from collectors.formats.mapping import mapped
from collectors.formats.objects import MISSING, find
from collectors.formats.times import from_any
from collectors.ingest.config import JsonSource
from collectors.ingest.pushed import Malformed, all_of, expected, json_of
from schemas.events import Event

Read = Callable[[bytes], list[Event]]


def reader(name: str, source: JsonSource) -> Read:
    """What reads the pushes to a source. It raises `Malformed` with the mistakes of all records."""

    def read(body: bytes) -> list[Event]:
        digest = hashlib.blake2b(body, digest_size=16).hexdigest()
        places = [place for pushed in _pushed(body) for place in _records(*pushed, source)]
        numbers = iter(range(len(places)))
        return all_of(places, lambda item: _event(name, source, item, f"{digest}.{next(numbers)}"))

    return read


def _pushed(body: bytes) -> Iterator[tuple[str, Any]]:
    """The values in the body, each with its place: one, or one for each line."""
    lines = [line for line in body.split(b"\n") if line.strip()]
    try:
        yield "$", json_of(body)
    except Malformed:
        if len(lines) < 2 or not lines[0].lstrip().startswith(b"{"):
            raise
    else:
        return
    mistakes: list[str] = []
    values = []
    for number, line in enumerate(lines, 1):
        try:
            values.append((f"line {number}: $", json_of(line, f"line {number}")))
        except Malformed as error:
            mistakes += error.mistakes
    if mistakes:
        raise Malformed(*mistakes)
    yield from values


def _records(place: str, value: Any, source: JsonSource) -> Iterator[tuple[str, Any]]:
    if source.records and isinstance(value, dict):
        place, value = f"{place}.{source.records}", find(value, source.records)
        if not isinstance(value, list):
            raise Malformed(f"{place}: expected a list of objects")
    if not isinstance(value, list):
        yield place, value
        return
    yield from ((f"{place}[{number}]", item) for number, item in enumerate(value))


def _event(name: str, source: JsonSource, item: Any, digest: str) -> Event:
    """Raises `Malformed`. The item is changed."""
    if not isinstance(item, dict):
        raise expected("", "an object", item)
    own_id = _id(find(item, source.id), source.id) if source.id else digest
    if source.time and (said := find(item, source.time)) is not MISSING and said is not None and not from_any(said):
        raise expected(f".{source.time}", "a time in ISO 8601 or since 1970", said)
    parsed = mapped(item, source)
    product, category, service = parsed.source
    return Event(
        id=own_id,
        source=name,
        type=parsed.type,
        time=parsed.time,
        data=parsed.data,
        product=product,
        category=category,
        service=service,
    )


def _id(value: Any, path: str) -> str:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Malformed(f".{path}: expected text or a whole number, by which the event is told from others")
