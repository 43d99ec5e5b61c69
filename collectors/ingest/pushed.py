"""What reading a push comes to: events, or every mistake in it with its place and what was expected."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from schemas.events import Event
from schemas.foreign.reading import BROKEN, read_json
from schemas.wording import shown

MOST_MISTAKES = 20
_SPARE_LEVELS = 100
"""Of nesting, beside those of what is pushed: what is put around it, and what else is on the stack of who reads it."""


class Malformed(Exception):
    """Nothing of the push is used. Each mistake is a line."""

    def __init__(self, *mistakes: str) -> None:
        more = len(mistakes) - MOST_MISTAKES
        super().__init__("\n".join([*mistakes[:MOST_MISTAKES], f"and {more} more"] if more > 0 else mistakes))
        self.mistakes = mistakes


def json_of(data: bytes, place: str = "$") -> Any:
    """Raises `Malformed`, also for what is nested so deep that it could not be published."""
    try:
        decoded = read_json(data)
        msgspec.json.encode(_within(decoded))
    except BROKEN as error:
        raise Malformed(f"{place}: expected JSON: {error}") from error
    return decoded


def all_of(items: Iterable[tuple[str, Any]], read: Callable[[Any], Event]) -> list[Event]:
    """The event of each item, by its place. Raises `Malformed` with the mistakes of all."""
    events, mistakes = [], []
    for place, item in items:
        try:
            events.append(read(item))
        except Malformed as error:
            mistakes += [f"{place}{mistake}" for mistake in error.mistakes]
        except msgspec.ValidationError as error:
            mistakes.append(f"{place}{_placed(str(error))}")
    if mistakes:
        raise Malformed(*mistakes)
    return events


def expected(place: str, what: str, value: Any) -> Malformed:
    """One mistake; `place` is below that of the item, such as `.time`."""
    return Malformed(f"{place}: expected {what}, got {shown(value)}")


def _within(value: Any) -> Any:
    for _ in range(_SPARE_LEVELS):
        value = [value]
    return value


def _placed(error: str) -> str:
    """Msgspec's `Expected … - at `$.id`` with the place first."""
    what, _, place = error.partition(" - at `$")
    return f"{place.rstrip('`')}: {what}"
