"""The text of an event in which all literals of a program are sought at once.

It is every field that some literal is sought in, in lower case, each value between marks that say which field begins
and ends there, so that a literal with a mark is found at the start or the end of a value only. An event can hold text
that looks like a mark: then rules are asked for nothing, and answer as they would have without.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any

from engine.sigma.needs import Trigger
from engine.sigma.seen import ANYWHERE, Seen

_SIMPLE = frozenset({str, int, bool, type(None)})
"""Types of values that formatting writes as they are compared. Null is not compared, and may be found for nothing."""
_BETWEEN = "\0"
_LONG_S = "\u017f"


class Haystack:
    """Of the fields that are given."""

    def __init__(self, fields: Iterable[str]) -> None:
        self._fields = tuple(fields)
        self._marks = {field: _mark(place) for place, field in enumerate(self._fields)}
        keys = [(key, self._marks[field]) for field in self._fields if field != ANYWHERE for key in field.split("|")]
        self._keys = tuple(key for key, _ in keys)
        self._template = "".join(f"\1{mark}%s{mark}\2" for _, mark in keys)
        self._known = frozenset(self._keys)
        self._anywhere = ANYWHERE in self._marks

    def needle(self, trigger: Trigger) -> bytes:
        """What is to be sought for a trigger."""
        mark = self._marks[trigger.field]
        begin, end = f"\1{mark}" if trigger.at_start else "", f"{mark}\2" if trigger.at_end else ""
        return _bytes(f"{begin}{trigger.value}{end}")

    def of(self, data: Mapping[str, Any], seen: Seen) -> bytes:
        if _SIMPLE.issuperset(map(type, data.values())):
            try:
                return self._quick(data)
            except ValueError:  # an integer of thousands of digits
                pass
        return _bytes(_folded("".join(self._parts(seen))))

    def _quick(self, data: Mapping[str, Any]) -> bytes:
        """Of flat data. Where there are characters beyond ASCII, only the values that have them are lowered slowly."""
        found = tuple(map(data.get, self._keys, repeat("")))
        text = self._template % found
        if self._anywhere:
            text += self._rest(data)
        if text.isascii():
            return text.lower().encode()
        text = self._template % tuple([str(value).lower() for value in found])
        return _bytes(_folded(text + self._rest(data).lower() if self._anywhere else text))

    def _rest(self, data: Mapping[str, Any]) -> str:
        """The other values: what is sought anywhere is found in those of the fields too."""
        return _BETWEEN.join([str(value) for key, value in data.items() if key not in self._known])

    def _parts(self, seen: Seen) -> Iterator[str]:
        """Of objects in objects, lists, and all else."""
        for field, mark in self._marks.items():
            for text in seen.lowered[field]:
                yield f"\1{mark}{text}{mark}\2"


def _mark(place: int) -> str:
    """Short, and the same in lower case."""
    return chr(3 + place) if place < 5 else f"{place:x}\3"


def _folded(text: str) -> str:
    """With an s too where there is one that expressions take for it, but lower case does not."""
    return text + text.replace(_LONG_S, "s") if _LONG_S in text else text


def _bytes(text: str) -> bytes:
    """With halves of surrogate pairs, which JSON can hold."""
    return text.encode("utf-8", "surrogatepass")
