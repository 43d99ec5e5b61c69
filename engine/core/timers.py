"""Work that comes due at a known time, each piece once, in one order."""

import heapq
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

Kind = Literal["correlate", "count", "evaluate", "expire", "refresh", "scale", "wake"]


class Timer(NamedTuple):
    """At `due_ms` evaluate the rule, or wake the ladder, that `key` names. Ties go by kind, then `place`, then key.

    `refresh`: evaluate the rule unless a sample has had it evaluated lately. For events: `expire` lets a rule's alerts
    end, `count` writes the counters, `correlate` decides what time brings. `scale`: decide the scaling rule.
    """

    due_ms: int
    kind: Kind
    place: int
    key: str


class Timers:
    """A heap without duplicates. A timer is never taken back: who is woken looks whether there is still work."""

    def __init__(self, timers: Iterable[Timer] = ()) -> None:
        self._heap = sorted(timers)
        self._set = set(self._heap)

    def set(self, timer: Timer) -> None:
        if timer not in self._set:
            self._set.add(timer)
            heapq.heappush(self._heap, timer)

    def due(self, now_ms: int) -> Iterator[Timer]:
        """Take what has come due by `now_ms`, and what comes due while that runs."""
        while self._heap and self._heap[0].due_ms <= now_ms:
            timer = heapq.heappop(self._heap)
            self._set.discard(timer)
            yield timer

    def next_ms(self) -> int | None:
        return self._heap[0].due_ms if self._heap else None

    def drop(self, *kinds: Kind) -> None:
        """Forget all timers of these kinds."""
        self._heap = sorted(timer for timer in self._heap if timer.kind not in kinds)
        self._set = set(self._heap)

    def set_back(self, by_ms: int) -> None:
        """Let every timer come due earlier."""
        self._heap = [timer._replace(due_ms=timer.due_ms - by_ms) for timer in self._heap]
        self._set = set(self._heap)

    def __iter__(self) -> Iterator[Timer]:
        """All timers in order."""
        return iter(sorted(self._heap))
