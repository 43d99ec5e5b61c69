"""Generic JSON with a mapping from configuration."""

from typing import Any

import pytest

from collectors.formats.mapping import FromField, Mapping, mapped
from collectors.formats.times import from_any


def test_a_mapping_says_which_field_is_what() -> None:
    """Fields are renamed, out of objects too; the rest stays as it came."""
    mapping = Mapping(
        time="ts",
        message="log.text",
        rename={"client": "source.ip", "request.path": "url.path"},
        type="shop.request",
        product="Shop",
        service=FromField(field="app"),
    )
    data = {
        "ts": "2024-03-01T12:00:00+01:00",
        "log": {"text": "hi"},
        "client": "192.0.2.7",
        "request": {"path": "/a", "verb": "GET"},
        "app": "Cart",
    }
    found = mapped(data, mapping)
    assert found.data == {
        "ts": "2024-03-01T12:00:00+01:00",
        "log": {},
        "message": "hi",
        "source.ip": "192.0.2.7",
        "request": {"verb": "GET"},
        "url.path": "/a",
        "app": "Cart",
    }
    assert (found.type, found.source, found.time) == ("shop.request", ("shop", "", "cart"), "2024-03-01T11:00:00.000Z")


def test_of_a_field_that_is_not_there_nothing_is_said() -> None:
    """A mapping describes what may be there, and a value of another kind is no name."""
    mapping = Mapping(time="ts", message="m", rename={"a.b": "c"}, service=FromField(field="app"))
    found = mapped({"app": 3, "a": "text"}, mapping)
    assert found == ({"app": 3, "a": "text"}, "log.json", ("", "", ""), None)


def test_fields_may_change_places() -> None:
    """All are taken before any is put."""
    assert mapped({"a": 1, "b": 2}, Mapping(rename={"a": "b", "b": "a"})).data == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (1_709_290_800, "2024-03-01T11:00:00.000Z"),
        (1_709_290_800.25, "2024-03-01T11:00:00.250Z"),
        (1_709_290_800_250, "2024-03-01T11:00:00.250Z"),
        (1_709_290_800_250_000, "2024-03-01T11:00:00.250Z"),
        (1_709_290_800_250_000_000, "2024-03-01T11:00:00.250Z"),
        ("1709290800.25", "2024-03-01T11:00:00.250Z"),
        ("2024-03-01T11:00:00.25Z", "2024-03-01T11:00:00.250Z"),
        ("2024-03-01 11:00:00", "2024-03-01T11:00:00.000Z"),
        ("01/Mar/2024:12:00:00 +0100", "2024-03-01T11:00:00.000Z"),
        ("soon", None),
        (True, None),
        (-1, None),
        (float("inf"), None),
        (float("nan"), None),
        (10**40, None),
        ([], None),
        ("9999-12-31T23:59:59-14:00", None),
    ],
)
def test_times_are_told_from_how_they_look(value: Any, time: str | None) -> None:
    """What is no time, or none that can be said in UTC, is none."""
    assert from_any(value) == time
