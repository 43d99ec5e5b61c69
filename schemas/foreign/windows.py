"""Events of Windows' event log, whoever ships them: winlogbeat, NXLog, Fluent Bit, or XML turned into JSON.

They differ in where they put things; rules find them under Windows' own names, at the top, as Sigma calls them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.foreign.records import MISSING, Fields, Known, find, objects, text
from schemas.foreign.times import rfc3339, time_of
from schemas.foreign.windows_names import CATEGORIES, REGISTRY_DELETE, SECURITY, SERVICES, SYSMON, SYSMON_LINUX


class _Shape(NamedTuple):
    """Where a shipper puts things, as paths; `data` are the objects that hold the event's own fields."""

    channel: str
    number: str
    data: tuple[str, ...]
    provider: tuple[str, ...]
    computer: tuple[str, ...]
    time: tuple[str, ...]


_SHAPES = (
    _Shape(
        "winlog.channel",
        "winlog.event_id",
        ("winlog.event_data", "winlog.user_data"),
        ("winlog.provider_name",),
        ("winlog.computer_name",),
        ("@timestamp",),
    ),
    _Shape(
        "Event.System.Channel",
        "Event.System.EventID",
        ("Event.EventData", "Event.UserData"),
        ("Event.System.Provider.#attributes.Name", "Event.System.Provider.Name"),
        ("Event.System.Computer",),
        ("Event.System.TimeCreated.#attributes.SystemTime", "Event.System.TimeCreated.SystemTime"),
    ),
    _Shape("log_name", "event_id", ("event_data",), ("source_name",), ("computer_name",), ("@timestamp",)),
    _Shape(
        "Channel",
        "EventID",
        ("EventData", "event_data"),
        ("Provider_Name", "ProviderName", "SourceName"),
        ("Computer", "Hostname"),
        ("UtcTime", "TimeCreated"),
    ),
)
_CREATION = (
    ("NewProcessName", "Image"),
    ("ParentProcessName", "ParentImage"),
    ("SubjectUserName", "User"),
    ("SubjectLogonId", "LogonId"),
    ("MandatoryLabel", "IntegrityLevel"),
)
"""What the security log's 4688 calls the fields of a process creation, and what Sysmon and so Sigma do."""


def windows(data: Fields) -> Known | None:
    """An event with its channel and id: its own fields, and `EventID`, `Channel`, `Provider_Name` and `Computer`."""
    for shape in _SHAPES:
        channel, number = text(data, shape.channel), _number(find(data, shape.number))
        if channel and number is not None:
            return _event(data, shape, channel, number)
    return None


def _event(data: Fields, shape: _Shape, channel: str, number: int) -> Known:
    fields: Fields = {}
    for path in shape.data:
        fields.update(objects(data, path))
    fields = fields | data | {"EventID": number, "Channel": channel}
    fields |= _first(data, "Provider_Name", shape.provider) | _first(data, "Computer", shape.computer)
    place = channel.lower()
    if place in (SYSMON, SYSMON_LINUX) and "Image" not in fields:
        fields = dict(_lines(text(data, "Message") or text(data, "message"))) | fields
    if place == SECURITY and number == 4688:
        fields |= {ours: fields[theirs] for theirs, ours in _CREATION if theirs in fields and ours not in fields}
    product = "linux" if place == SYSMON_LINUX else "windows"
    time = next((found for path in shape.time if (found := rfc3339(find(data, path)))), None) or time_of(data)
    category = _category(place, number, text(fields, "EventType"))
    return Known("log.windows", product, category, SERVICES.get(place, ""), fields, time)


def _category(channel: str, number: int, kind: str) -> str:
    category = CATEGORIES.get((channel, number), "")
    return REGISTRY_DELETE if category == "registry_add" and kind.startswith("Delete") else category


def _first(data: Fields, name: str, paths: tuple[str, ...]) -> Fields:
    found = next((value for path in paths if (value := text(data, path))), "")
    return {name: found} if found else {}


def _number(value: object) -> int | None:
    if isinstance(value, dict):  # as XML with attributes becomes JSON
        value = value.get("#text", value.get("Value", MISSING))
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _lines(message: str) -> Iterator[tuple[str, str]]:
    """The fields of Sysmon's message, one to a line: who ships no names of fields ships this."""
    for line in message.splitlines()[1:]:
        name, separator, value = line.partition(": ")
        if separator and name.isalnum():
            yield name, value
