"""The input events of a group, in the order of their times."""

import heapq
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from engine.rulefile.yamltyped import scalar
from engine.ruletest.model import InputEvent, UnitTestGroup
from schemas.events import Event, Events


class Arrival(NamedTuple):
    """One event, when it comes and from which node. `place` is that in the file, for those that come at once."""

    time_ms: int
    place: int
    nth: int
    node: str
    event: Event

    @property
    def body(self) -> Events:
        return Events((self.event,))


class Arrivals:
    """What comes, taken as time goes on."""

    def __init__(self, group: UnitTestGroup) -> None:
        rows = (_of(each, place, group.start_ms) for place, each in enumerate(group.input_events))
        self._rest = heapq.merge(*rows)
        self._next = next(self._rest, None)

    @property
    def next_ms(self) -> int | None:
        """When the next one comes; None after the last."""
        return self._next.time_ms if self._next else None

    def until(self, now_ms: int) -> Iterator[Arrival]:
        """Those up to now that were not taken before."""
        while self._next and self._next.time_ms <= now_ms:
            yield self._next
            self._next = next(self._rest, None)


def _of(each: InputEvent, place: int, start_ms: int) -> Iterator[Arrival]:
    for nth in range(each.times):
        event = Event(
            id=f"{place + 1}.{nth}",
            source=each.source,
            type=each.type,
            product=each.product,
            category=each.category,
            service=each.service,
            data=_data(each.data, nth),
        )
        yield Arrival(start_ms + each.at_ms + nth * each.every_ms, place, nth, each.node, event)


def _data(value: Any, nth: int) -> Any:
    match value:
        case str():
            return scalar(value.replace("{n}", str(nth)))
        case list():
            return [_data(item, nth) for item in value]
        case Mapping():
            return {name: _data(item, nth) for name, item in value.items()}
    return value
