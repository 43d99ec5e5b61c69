"""Where a field lies."""

from typing import Any

import pytest

from engine.sigma.fields import MISSING, get


@pytest.mark.parametrize(
    ("data", "field", "value"),
    [
        ({"Image": "x"}, "Image", "x"),
        ({"Image": None}, "Image", None),
        ({}, "Image", MISSING),
        ({"a.b": 1, "a": {"b": 2}}, "a.b", 1),
        ({"a": {"b": {"c": 3}}}, "a.b.c", 3),
        ({"a": "text"}, "a.b", MISSING),
        ({"a": [{"b": 1}, {"c": 2}, {"b": 3}]}, "a.b", [1, 3]),
        ({"a": [{"c": 1}]}, "a.b", MISSING),
        ({"y": 2, "z": 3}, "x|y|z", 2),
    ],
)
def test_a_field_is_a_key_or_a_path_or_the_first_of_several(data: dict[str, Any], field: str, value: Any) -> None:
    """`a.b` is the key `a.b`, or `b` in `a`; `x|y` is the first that is there; null is a value."""
    assert get(data, field) is value or get(data, field) == value
