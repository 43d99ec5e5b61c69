"""The groups of one correlation, and who has to go when there are too many.

Each group belongs to the node whose event began it. When there is no room, the least recently active group goes of the
node that has the most: whoever makes up keys displaces their own, and every node keeps room for its part.
"""

import heapq
from collections import OrderedDict
from collections.abc import Iterator

from engine.sigma.correlate_model import Key, Limits
from engine.sigma.correlate_window import Window

Trail = list[tuple[int, str]]
"""Times and ids of some events."""


class Group:
    """What is known of one group. `seq` is that of its newest event, `seen_ms` when it was told.

    `due_ms`: when to look at it again; `opened_ms`: of a window that is decided when it ends, the first event;
    `silent_ms`: since when an absence is raised.
    """

    __slots__ = ("due_ms", "first", "key", "last", "opened_ms", "seen_ms", "seq", "silent_ms", "source", "window")

    def __init__(self, key: Key, source: str, window: Window) -> None:
        self.key = key
        self.source = source
        self.window = window
        self.seen_ms = 0
        self.seq = 0
        self.due_ms: int | None = None
        self.opened_ms: int | None = None
        self.silent_ms: int | None = None
        self.first: Trail = []
        self.last: Trail = []

    def set_back(self, by_ms: int) -> None:
        """All times, by so much."""
        self.window.set_back(by_ms)
        self.seen_ms -= by_ms
        self.due_ms = None if self.due_ms is None else self.due_ms - by_ms
        self.opened_ms = None if self.opened_ms is None else self.opened_ms - by_ms
        self.silent_ms = None if self.silent_ms is None else self.silent_ms - by_ms
        self.first = [(time_ms - by_ms, event) for time_ms, event in self.first]
        self.last = [(time_ms - by_ms, event) for time_ms, event in self.last]

    @property
    def waiting(self) -> bool:
        """Whether something will happen although nothing more is told."""
        return self.due_ms is not None or self.silent_ms is not None

    def note(self, time_ms: int, event: str, most: int, span_ms: int) -> None:
        """Keep the id: among the last, from which the oldest goes to the first if there is room."""
        self.last.append((time_ms, event))
        if len(self.last) > most:
            while self.first and self.first[0][0] <= time_ms - span_ms:
                del self.first[0]
            older = self.last.pop(0)
            if len(self.first) < most:
                self.first.append(older)

    def events(self, after_ms: int, end_ms: int) -> tuple[str, ...]:
        """The ids that are known of the events of a window."""
        known = self.first + self.last
        return tuple(dict.fromkeys([event for time_ms, event in known if after_ms < time_ms <= end_ms]))


class Groups:
    """`size` is how many entries all windows have together."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all: dict[Key, Group] = {}
        self._by_source: dict[str, OrderedDict[Key, Group]] = {}
        self._holders: list[tuple[int, str]] = []
        self.size = 0
        self.get = self._all.get

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Group]:
        """By source, the least recently active first."""
        for held in self._by_source.values():
            yield from held.values()

    def touch(self, group: Group) -> None:
        self._by_source[group.source].move_to_end(group.key)

    def add(self, group: Group) -> None:
        held = self._by_source.get(group.source)
        if held is None:
            held = self._by_source[group.source] = OrderedDict()
        self._all[group.key] = held[group.key] = group
        self.size += len(group.window.times)
        self._counted(group.source)

    def remove(self, group: Group) -> None:
        held = self._by_source[group.source]
        del self._all[group.key], held[group.key]
        self.size -= len(group.window.times)
        if held:
            self._counted(group.source)
        else:
            del self._by_source[group.source]

    def _counted(self, source: str) -> None:
        heapq.heappush(self._holders, (-len(self._by_source[source]), source))
        if len(self._holders) > 4 * len(self._by_source) + 64:
            self._holders = sorted((-len(held), name) for name, held in self._by_source.items())

    def in_the_way(self, source: str) -> tuple[Group, str] | None:
        """Who is to go before `source` begins another group, and why."""
        mine = len(self._by_source.get(source, ()))
        if mine and len(self._by_source) > 1 and mine >= self._limits.share * self._limits.groups:
            return self._oldest(source), "share"
        return (self._oldest(self._largest()), "groups") if len(self._all) >= self._limits.groups else None

    def heaviest(self) -> Iterator[Group]:
        """Who is to go when there are too many entries, one after the other until a tenth is free: the least recently
        active group of the node with the most entries. The caller removes it before it asks for the next.
        """
        weights = {
            name: sum(len(group.window.times) for group in held.values()) for name, held in self._by_source.items()
        }
        while self.size > self._limits.entries * 0.9 and len(self._all) > 1:
            name = max(weights, key=lambda each: (weights[each], each))
            group = self._oldest(name)
            weights[name] -= len(group.window.times)
            if len(self._by_source[name]) == 1:
                del weights[name]
            yield group

    def _largest(self) -> str:
        """The one with the most groups; of several, the first by name. What the heap says may be out of date."""
        while True:
            count, source = self._holders[0]
            if len(self._by_source.get(source, ())) == -count:
                return source
            heapq.heappop(self._holders)

    def _oldest(self, source: str) -> Group:
        return next(iter(self._by_source[source].values()))

    def idle(self, before_ms: int) -> Iterator[Group]:
        """Those that were told of nothing since and wait for nothing. The caller may remove each as it comes."""
        for held in list(self._by_source.values()):
            while held:
                group = next(iter(held.values()))
                if group.seen_ms > before_ms or group.waiting:
                    break
                yield group
