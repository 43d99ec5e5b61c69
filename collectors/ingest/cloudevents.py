"""CloudEvents 1.0 over HTTP, in the three modes of the protocol binding: structured, batched and binary."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from collectors.ingest.pushed import Malformed, all_of, expected, json_of
from schemas.events import Event
from schemas.foreign.records import Fields
from schemas.foreign.times import rfc3339

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"
_PREFIX = "ce-"
_REQUIRED = ("id", "source", "type")
_KEPT = (*_REQUIRED, "specversion", "subject", "datacontenttype", "product", "category", "service")


def is_understood(media_type: str, headers: Mapping[str, str]) -> bool:
    """Whether the request is of one of the modes."""
    return media_type in (STRUCTURED, BATCHED) or f"{_PREFIX}specversion" in headers


def read(media_type: str, headers: Mapping[str, str], body: bytes) -> list[Event]:
    """The events of a request. Raises `Malformed` with the mistakes of all."""
    if media_type == BATCHED:
        batch = json_of(body)
        if not isinstance(batch, list):
            raise Malformed("$: expected an array of CloudEvents")
        return all_of(((f"$[{number}]", item) for number, item in enumerate(batch)), _event)
    if media_type == STRUCTURED:
        return all_of([("$", json_of(body))], _event)
    attributes = _of_headers(media_type, headers)
    content = _content(attributes, body, "body")
    try:
        return [_event(attributes, content)]
    except Malformed as error:
        raise Malformed(*(f"header {_PREFIX}{mistake.removeprefix('.')}" for mistake in error.mistakes)) from error


def _of_headers(media_type: str, headers: Mapping[str, str]) -> Fields:
    attributes: Fields = {
        name: unquote(headers[f"{_PREFIX}{name}"]) for name in (*_KEPT, "time") if f"{_PREFIX}{name}" in headers
    }
    return attributes | ({"datacontenttype": media_type} if media_type else {})


def _event(item: Any, content: Any = None) -> Event:
    """Raises `Malformed`, or msgspec.ValidationError."""
    if not isinstance(item, dict):
        raise expected("", "an object", item)
    mistakes = [f".{name}: expected text that is not empty" for name in _REQUIRED if not _is_named(item.get(name))]
    if item.get("specversion") != "1.0":
        mistakes.append('.specversion: expected "1.0"')
    time = rfc3339(item["time"]) if isinstance(item.get("time"), str) else None
    if item.get("time") is not None and time is None:
        mistakes.append(".time: expected a time as RFC 3339 writes it, such as 2024-03-04T05:25:01Z")
    if mistakes:
        raise Malformed(*mistakes)
    attributes = {name: item[name] for name in _KEPT if item.get(name) is not None}
    for name in ("product", "category", "service"):
        if isinstance(attributes.get(name), str):
            attributes[name] = attributes[name].lower()
    data = _data(item) if content is None else content
    return msgspec.convert(attributes | {"data": data, "time": time}, Event)


def _is_named(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _data(item: Fields) -> Any:
    if "data_base64" not in item:
        return item.get("data")
    try:
        data = base64.b64decode(item["data_base64"], validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise expected(".data_base64", "base64", item["data_base64"]) from error
    return _content(item, data, ".data_base64")


def _content(item: Fields, data: bytes, place: str) -> Any:
    """Data as its media type says: JSON, text, or base64 of what is no text. Raises `Malformed`."""
    if not data:
        return None
    media_type = str(item.get("datacontenttype", "")).partition(";")[0].strip().lower()
    if media_type in ("", "application/json") or media_type.endswith("+json"):
        return json_of(data, place)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()
