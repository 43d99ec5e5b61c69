"""One event while rules look at it: what its fields hold, worked out when the first rule asks, then kept."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.sigma import values
from engine.sigma.fields import Lookup, lookup

ANYWHERE = ""
"""In place of a field's name: all values of the event, at any depth."""


class _Lookups(dict[str, Lookup]):
    """By the fields that rules name, so there are no more than these."""

    def __missing__(self, field: str) -> Lookup:
        found = self[field] = lookup(field)
        return found


_LOOKUPS = _Lookups()


class _Raw(dict[str, Any]):
    """Field → its value, or MISSING."""

    __slots__ = ("_data",)

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def __missing__(self, field: str) -> Any:
        found = self[field] = _LOOKUPS[field](self._data)
        return found


class _Cased(dict[str, tuple[str, ...]]):
    """Field → the texts that its value is compared as."""

    __slots__ = ("_data",)

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def __missing__(self, field: str) -> tuple[str, ...]:
        found = self[field] = _texts(self._data, field)
        return found


class _Lowered(dict[str, tuple[str, ...]]):
    """The same in lower case."""

    __slots__ = ("_data",)

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def __missing__(self, field: str) -> tuple[str, ...]:
        if field != ANYWHERE and type(value := _LOOKUPS[field](self._data)) is str:
            found: tuple[str, ...] = (value.lower(),)
        else:
            found = tuple([text.lower() for text in _texts(self._data, field)])
        self[field] = found
        return found


class _InNumbers(dict[str, values.Numbers]):
    """Field → the numbers that its value is compared as."""

    __slots__ = ("_raw",)

    def __init__(self, raw: _Raw) -> None:
        self._raw = raw

    def __missing__(self, field: str) -> values.Numbers:
        found = self[field] = values.numbers(self._raw[field])
        return found


class Seen:
    """The event: `raw`, `cased`, `lowered` and `numbers` are asked by the name of a field."""

    __slots__ = ("cased", "lowered", "numbers", "raw")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.raw = _Raw(data)
        self.numbers = _InNumbers(self.raw)
        self.cased = _Cased(data)
        self.lowered = _Lowered(data)


Test = Callable[[Seen], bool]


def _texts(data: Mapping[str, Any], field: str) -> tuple[str, ...]:
    return values.everything(data) if field == ANYWHERE else values.texts(_LOOKUPS[field](data))
