"""Generic JSON with a mapping from configuration: which of its fields are what to us."""

from datetime import UTC, tzinfo
from typing import Any

from pydantic import Field

from collectors.formats.model import Fields, LogSource, Parsed
from collectors.formats.objects import MISSING, find, take
from collectors.formats.times import from_any
from schemas.plugins import PluginConfig


class FromField(PluginConfig):
    """The value of a field of the object, in lower case."""

    field: str = Field(min_length=1)


class Mapping(PluginConfig):
    """Fields are named by their key, or by a path such as `http.request.method` into objects within the object."""

    time: str | None = None
    """The field with the time: ISO 8601, or Unix seconds, milli-, micro- or nanoseconds."""
    message: str | None = None
    """The field that becomes `message`."""
    rename: dict[str, str] = Field(default_factory=dict)
    """From the field's name to ours, such as `client_ip` to `source.ip`."""
    type: str = Field(default="log.json", min_length=1)
    product: str | FromField = ""
    category: str | FromField = ""
    service: str | FromField = ""


def mapped(data: Fields, mapping: Mapping, zone: tzinfo | None = UTC) -> Parsed:
    """The event of an object, which is changed. Of a field that it does not have, nothing is said."""
    source = LogSource(*(_named(data, said) for said in (mapping.product, mapping.category, mapping.service)))
    time = from_any(find(data, mapping.time), zone) if mapping.time else None
    renames = mapping.rename | ({mapping.message: "message"} if mapping.message else {})
    taken = [(ours, take(data, theirs)) for theirs, ours in renames.items()]
    data.update((ours, value) for ours, value in taken if value is not MISSING)
    return Parsed(data, mapping.type, source, time)


def fixed_source(mapping: Mapping) -> LogSource:
    """What is known of the log source without an object."""
    fixed: list[Any] = [mapping.product, mapping.category, mapping.service]
    return LogSource(*(said.lower() if isinstance(said, str) else "" for said in fixed))


def _named(data: Fields, said: str | FromField) -> str:
    value = said if isinstance(said, str) else find(data, said.field)
    return value.lower() if isinstance(value, str) else ""
