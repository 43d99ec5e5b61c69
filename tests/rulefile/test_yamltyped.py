"""What YAML takes a scalar for."""

from typing import Any

import pytest

from engine.rulefile import yamlparse
from engine.rulefile.yamltyped import typed


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("4625", 4625),
        ("-5", -5),
        ("0", 0),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("", None),
        ("'4625'", "4625"),
        ("'true'", "true"),
        ("yes", "yes"),
        ("2026-01-02", "2026-01-02"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("00000429", "00000429"),
        ("0123", "0123"),
        ("007.5", "007.5"),
        ("0o9", "0o9"),
        ("1.2.3.4", "1.2.3.4"),
    ],
)
def test_a_scalar_is_a_number_only_where_nothing_of_it_is_lost(written: str, value: Any) -> None:
    """What is quoted is text, and so is what only looks like a number: leading zeros mean something to whoever writes
    them.
    """
    (node,) = yamlparse.documents(f"a: {written}\n")
    found = typed(node)["a"]
    assert (found, type(found)) == (value, type(value))
