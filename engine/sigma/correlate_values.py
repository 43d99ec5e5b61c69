"""Values of events as correlations take them: text to group by and to count, numbers to add up."""

import hashlib
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from engine.sigma.fields import MISSING, Lookup, lookup

LONGEST = 256
"""Characters of a value that is kept; a longer one is cut and bears a digest of all of it."""

Data = Mapping[str, Any]

_JSON = msgspec.json.Encoder(order="deterministic")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_INTEGERS = range(-(2**63), 2**63)
_LARGEST = int(sys.float_info.max)


def text(value: Any) -> str | None:
    """As JSON writes it, but text without quotes; None of null and of nothing. A list of one is that one."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else _cut(value)
    if value is None or value is MISSING:
        return None
    if isinstance(value, list) and len(value) == 1:
        return text(value[0])
    written = _JSON.encode(value).decode()
    return written if len(written) <= LONGEST else _cut(written)


def number(value: Any) -> int | float | None:
    """A finite number, or text that reads as one in JSON. Integers beyond 64 bits become floats, if there is one."""
    if isinstance(value, str):
        if len(value) > LONGEST or (found := _NUMBER.fullmatch(value)) is None:
            return None
        value = int(value) if found[1] is None and found[2] is None else float(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value in _INTEGERS else float(value) if abs(value) <= _LARGEST else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def key_of(fields: Sequence[str]) -> Callable[[Data], tuple[str, ...] | None]:
    """The function that finds the values of all of `fields` as text: None where one of them is not there."""
    ways = tuple(lookup(field) for field in fields)
    if len(ways) == 1:
        return _single(ways[0])

    def key(data: Data) -> tuple[str, ...] | None:
        found = []
        for way in ways:
            if (value := text(way(data))) is None:
                return None
            found.append(value)
        return tuple(found)

    return key


def _single(way: Lookup) -> Callable[[Data], tuple[str, ...] | None]:
    def key(data: Data) -> tuple[str, ...] | None:
        value = text(way(data))
        return None if value is None else (value,)

    return key


def combination_of(fields: Sequence[str]) -> Callable[[Data], str | None]:
    """The function that finds what is counted as one value: of several fields, their combination."""
    key = key_of(fields)
    if len(fields) == 1:
        return lambda data: None if (values := key(data)) is None else values[0]
    return lambda data: None if (values := key(data)) is None else _JSON.encode(values).decode()


def number_of(field: str) -> Callable[[Data], int | float | None]:
    """The function that finds the number in `field`."""
    way = lookup(field)
    return lambda data: number(way(data))


def _cut(value: str) -> str:
    digest = hashlib.blake2b(value.encode(errors="surrogatepass"), digest_size=8).hexdigest()
    return f"{value[: LONGEST - len(digest) - 1]}…{digest}"
