"""JSON objects: how a line is read as one, and where a field lies in it."""

from typing import Any

from collectors.formats.model import Fields
from schemas.foreign.reading import BROKEN, read_json

MISSING: Any = object()


def object_of(text: str) -> Fields | None:
    """The JSON object that the line is; None where it is none, or nested beyond reason."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = read_json(text.encode("utf-8", "replace"))
    except BROKEN:
        return None
    return found if isinstance(found, dict) else None


def find(data: Fields, name: str) -> Any:
    """The value of `name`: that of the key `a.b` or, failing that, of `b` in the object `a`; MISSING."""
    holder, key = _holder(data, name)
    return holder.get(key, MISSING)


def take(data: Fields, name: str) -> Any:
    """As `find`, and the value is no longer there."""
    holder, key = _holder(data, name)
    return holder.pop(key, MISSING)


def text_of(data: Fields, name: str) -> str:
    """The value, if it is text."""
    value = find(data, name)
    return value if isinstance(value, str) else ""


def _holder(data: Fields, name: str) -> tuple[Fields, str]:
    """The object that has the value, and its key there."""
    if name in data:
        return data, name
    *steps, key = name.split(".")
    for step in steps:
        inner = data.get(step)
        if not isinstance(inner, dict):
            return {}, key
        data = inner
    return data, key
