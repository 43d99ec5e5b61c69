"""The window that slides over the events of one group, in the order of their times.

A window that ends at `end` holds what happened in (end - span, end]. It ends at the time of an event: at that of the
newest one as a rule, and when an event comes late, at each time from its own on whose window holds it.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from engine.sigma.correlate_measures import Measure

NEVER = -(2**62)
"""A time that no window reaches."""

Thinned = tuple[list[int], list[Any], int]
"""Times, items, and how many were given up."""


class Found(NamedTuple):
    """A window that is not empty: what it measures, and the time of the first event that counts."""

    value: float
    since_ms: int


class Window(Protocol):
    times: "array[int]"

    def add(self, time_ms: int, item: Any, again: bool, /) -> int:
        """Take in what happened then (`again`: the same event as before, under another rule). Returns at which time
        it counts: that of an event which is older than all that may still change is later than its own.
        """

    def at(self, end_ms: int) -> Found | None:
        """The window that ends there."""

    def set_back(self, by_ms: int) -> None:
        """All times, by so much."""

    def saved(self) -> list[Any]:
        """All that there is to keep, in plain values."""


def ends(window: Window, entered_ms: int, span_ms: int) -> Iterator[int]:
    """The ends of the windows that what has entered may have changed, in order."""
    times = window.times
    position = bisect_right(times, entered_ms) - 1
    before = None
    for time_ms in times[position : bisect_left(times, entered_ms + span_ms)]:
        if time_ms != before:
            yield time_ms
        before = time_ms


def earlier(times: "array[int]", by_ms: int) -> "array[int]":
    return array("q", [time_ms - by_ms for time_ms in times])


class CountShape(NamedTuple):
    """`need`: so many events decide any comparison. `reorder`: so many of the newest may come in any order. `most` is
    how many may be kept before those go that are neither.
    """

    span_ms: int
    need: int
    reorder: int
    most: int

    def window(self) -> "CountWindow":
        return CountWindow(self)

    def restored(self, saved: list[Any]) -> "CountWindow":
        window = CountWindow(self)
        window.dropped_ms, times = saved
        window.times.extend(times)
        return window


class CountWindow:
    """How many events there are, exactly as long as that decides anything: of many, only the newest times are kept."""

    __slots__ = ("_shape", "dropped_ms", "times")

    def __init__(self, shape: CountShape) -> None:
        self._shape = shape
        self.times = array("q")
        self.dropped_ms = NEVER

    def add(self, time_ms: int, _item: Any, _again: bool, /) -> int:
        times = self.times
        if not times or time_ms >= times[-1]:
            times.append(time_ms)
        else:
            if len(times) > self._shape.reorder:
                time_ms = max(time_ms, times[-self._shape.reorder - 1])
            times.insert(bisect_right(times, time_ms), time_ms)
        if len(times) > self._shape.most:
            self._drop()
        return time_ms

    def _drop(self) -> None:
        count = len(self.times) - self._shape.need - self._shape.reorder
        self.dropped_ms = self.times[count - 1]
        del self.times[:count]

    def at(self, end_ms: int) -> Found | None:
        times = self.times
        first = bisect_right(times, end_ms - self._shape.span_ms)
        end = len(times) if end_ms >= times[-1] else bisect_right(times, end_ms)
        if first == 0 and self.dropped_ms > end_ms - self._shape.span_ms:
            return Found(max(end, self._shape.need), min(self.dropped_ms, times[0]))
        return Found(end - first, times[first]) if first < end else None

    def set_back(self, by_ms: int) -> None:
        self.times = earlier(self.times, by_ms)
        self.dropped_ms -= by_ms

    def saved(self) -> list[Any]:
        return [self.dropped_ms, self.times.tolist()]


class ValueShape(NamedTuple):
    """`kept`: so many items are kept beyond those that may come in any order; `thin` is what happens to more."""

    span_ms: int
    kept: int
    reorder: int
    measure: Callable[[], Measure]
    thin: Callable[["array[int]", list[Any], "ValueShape"], Thinned]
    lost: Callable[[int], None]

    def gone(self, times: "array[int]") -> int:
        """How many of the first are in no window any more."""
        return bisect_right(times, times[-self.reorder - 1] - self.span_ms)

    def window(self) -> "ValueWindow":
        return ValueWindow(self)

    def restored(self, saved: list[Any]) -> "ValueWindow":
        window = ValueWindow(self)
        end_ms, times, items = saved
        window.times.extend(times)
        window.items = [tuple(item) if isinstance(item, list) else item for item in items]
        window.move(end_ms)
        return window


class ValueWindow:
    """What is measured of the items of the events; it can be moved in both directions."""

    __slots__ = ("_begin", "_end", "_end_ms", "_measure", "_shape", "items", "times")

    def __init__(self, shape: ValueShape) -> None:
        self._shape = shape
        self.times = array("q")
        self.items: list[Any] = []
        self._measure = shape.measure()
        self._begin = self._end = 0
        self._end_ms = 0

    def add(self, time_ms: int, item: Any, _again: bool, /) -> int:
        reorder = self._shape.reorder
        if len(self.times) >= self._shape.kept + 2 * reorder:
            self._thin()
        times = self.times
        if not times or time_ms >= times[-1]:
            if self._begin >= reorder and self._begin * 2 >= len(times):
                self._forget()
            times.append(time_ms)
            self.items.append(item)
            return time_ms
        if len(times) > reorder:
            time_ms = max(time_ms, times[-reorder - 1])
        self._insert(time_ms, item)
        return time_ms

    def _insert(self, time_ms: int, item: Any) -> None:
        position = bisect_right(self.times, time_ms)
        self.times.insert(position, time_ms)
        self.items.insert(position, item)
        if time_ms <= self._end_ms:
            self._end += 1
            if time_ms <= self._end_ms - self._shape.span_ms:
                self._begin += 1
            else:
                self._measure.add(item)

    def at(self, end_ms: int) -> Found | None:
        self.move(end_ms)
        return Found(self._measure.value(), self.times[self._begin]) if self._begin < self._end else None

    def move(self, end_ms: int) -> None:
        """Grow to where the window will be before it shrinks from where it was, so that it never turns inside out."""
        times, items, measure = self.times, self.items, self._measure
        after_ms = end_ms - self._shape.span_ms
        begin, end, last = self._begin, self._end, len(times)
        while begin > 0 and times[begin - 1] > after_ms:
            begin -= 1
            measure.add(items[begin])
        while end < last and times[end] <= end_ms:
            measure.add(items[end])
            end += 1
        while begin < end and times[begin] <= after_ms:
            measure.remove(items[begin])
            begin += 1
        while end > begin and times[end - 1] > end_ms:
            end -= 1
            measure.remove(items[end])
        self._begin, self._end, self._end_ms = begin, end, end_ms

    def _forget(self) -> None:
        """What no window can hold any more."""
        count = min(self._shape.gone(self.times), self._begin)
        del self.times[:count]
        del self.items[:count]
        self._begin -= count
        self._end -= count

    def _thin(self) -> None:
        times, self.items, lost = self._shape.thin(self.times, self.items, self._shape)
        self.times = array("q", times)
        self._measure = self._shape.measure()
        self._begin = self._end = 0
        self.move(self._end_ms)
        if lost:
            self._shape.lost(lost)

    def set_back(self, by_ms: int) -> None:
        self.times = earlier(self.times, by_ms)
        self._end_ms -= by_ms

    def saved(self) -> list[Any]:
        return [self._end_ms, self.times.tolist(), self.items]
