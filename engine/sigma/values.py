"""What a value of an event is when it is compared: as text, as a number, as an address.

Objects have no text of their own, and neither has null: a rule says `field.inner` of the one and `null` of the other.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any, NamedTuple

from engine.sigma.fields import items

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")

Address = IPv4Address | IPv6Address


def scalar(value: Any) -> str | None:
    """A value as text, numbers and booleans as JSON writes them; None of an object, a list, null or nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _digits(value)
    return json.dumps(value) if isinstance(value, float) else None


def _digits(value: int) -> str | None:
    try:
        return str(value)
    except ValueError:  # thousands of them, which Python refuses
        return None


def texts(value: Any) -> tuple[str, ...]:
    """The texts that a value is compared as: one, or one for each item of a list."""
    if type(value) is str:
        return (value,)
    return tuple(text for item in items(value) if (text := scalar(item)) is not None)


def everything(data: Mapping[str, Any]) -> tuple[str, ...]:
    """All values of an event as texts, at any depth. Keys are no values."""
    found: list[str] = []
    rest: list[Any] = [data]
    while rest:
        item = rest.pop()
        if isinstance(item, Mapping):
            rest.extend(item.values())
        elif isinstance(item, list):
            rest.extend(item)
        elif (text := scalar(item)) is not None:
            found.append(text)
    return tuple(found)


def number(value: Any) -> int | float | None:
    """The number that a value is or, as text, reads as in JSON (leading zeros are no matter); None of all else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str) or (found := _NUMBER.fullmatch(value)) is None:
        return None
    if found[1] is None and found[2] is None:
        with suppress(ValueError):  # of thousands of digits
            return int(value)
    return float(value)


class Numbers(NamedTuple):
    """Some numbers, each once, and the least and the greatest of them, if there are any."""

    each: dict[int | float, None]
    low: int | float = 0
    high: int | float = 0


_NONE = Numbers({})


def numbers(value: Any) -> Numbers:
    """The numbers among what a value is compared as."""
    if not isinstance(value, list):
        found = number(value)
        return _NONE if found is None else Numbers({found: None}, found, found)
    each = dict.fromkeys(found for item in items(value) if (found := number(item)) is not None)
    return Numbers(each, min(each), max(each)) if each else _NONE


def address(text: str) -> Address | None:
    """The address that a text is."""
    try:
        return IPv6Address(text) if ":" in text else IPv4Address(text)
    except AddressValueError:
        return None
