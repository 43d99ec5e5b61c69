"""Which rules occur together, or one after the other: what is known after each event, in a few times.

`Traces` says what is remembered and what it means; the window keeps it for the newest events, so that a late one
changes only what came after it. Numbers of rules are their places in the correlation.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from engine.sigma.correlate_window import NEVER, Found, earlier

State = tuple[int, ...]


class Traces(Protocol):
    """What is remembered of the past: times in a fixed order, `NEVER` where there is none."""

    @property
    def begin(self) -> State: ...

    def after(self, state: State, rules: int, time_ms: int) -> State:
        """`rules` (bits) occurred then."""

    def found(self, state: State, after_ms: int) -> Found | None:
        """What it says of a window that begins there."""


class Together:
    """The last time of each rule. `wanted` says whether these rules (bits) will do; the value is how many they are."""

    def __init__(self, count: int, wanted: Callable[[int], bool]) -> None:
        self.begin: State = (NEVER,) * count
        self._wanted = wanted

    def after(self, state: State, rules: int, time_ms: int) -> State:
        return tuple(time_ms if rules >> place & 1 else last for place, last in enumerate(state))

    def found(self, state: State, after_ms: int) -> Found | None:
        present = [last for last in state if last > after_ms]
        bits = sum(1 << place for place, last in enumerate(state) if last > after_ms)
        return Found(len(present), min(present)) if present and self._wanted(bits) else None


class Chain(NamedTuple):
    """Rules in this order, and none of `without`."""

    rules: tuple[int, ...]
    without: tuple[int, ...] = ()


class InOrder:
    """One of the chains, whole. Of each beginning of a chain the latest time at which such a one began is kept: it is
    within any window that an earlier one is within. The value is how many rules the chain has.
    """

    def __init__(self, count: int, chains: Sequence[Chain]) -> None:
        self._count = count
        self._chains = sorted(chains, key=lambda chain: -len(chain.rules))
        self.begin: State = (NEVER,) * (count + sum(len(chain.rules) for chain in chains))

    def after(self, state: State, rules: int, time_ms: int) -> State:
        known = [time_ms if rules >> place & 1 else state[place] for place in range(self._count)]
        for chain in self._chains:
            began = state[len(known) : len(known) + len(chain.rules)]
            known += [
                max(start, ready) if rules >> rule & 1 else start
                for rule, start, ready in zip(chain.rules, began, (time_ms, *began), strict=False)
            ]
        return tuple(known)

    def found(self, state: State, after_ms: int) -> Found | None:
        at = self._count
        for chain in self._chains:
            at += len(chain.rules)
            if state[at - 1] > after_ms and not any(state[rule] > after_ms for rule in chain.without):
                return Found(len(chain.rules), state[at - 1])
        return None


class LongestInOrder:
    """As many of the rules as occur in their order, some left out: how many is what a condition compares.

    Of each length and last rule the latest time at which such a sequence began is kept.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._cells = [(last, length) for length in range(1, count + 1) for last in range(length - 1, count)]
        place = {cell: number for number, cell in enumerate(self._cells)}
        self._before = [
            tuple(place[last, length - 1] for last in range(length - 2, rule) if length > 1)
            for rule, length in self._cells
        ]
        self.begin: State = (NEVER,) * len(self._cells)

    def after(self, state: State, rules: int, time_ms: int) -> State:
        known = list(state)
        for number, (rule, length) in enumerate(self._cells):
            if rules >> rule & 1:
                ready = time_ms if length == 1 else max(state[each] for each in self._before[number])
                known[number] = max(known[number], ready)
        return tuple(known)

    def found(self, state: State, after_ms: int) -> Found | None:
        for number in range(len(state) - 1, -1, -1):
            if state[number] > after_ms:
                length = self._cells[number][1]
                began = [start for start, cell in zip(state, self._cells, strict=True) if cell[1] == length]
                return Found(length, max(began))
        return None


class TraceShape(NamedTuple):
    span_ms: int
    reorder: int
    traces: Traces

    def window(self) -> "TraceWindow":
        return TraceWindow(self, self.traces.begin)

    def restored(self, saved: list[Any]) -> "TraceWindow":
        before, times, rules = saved
        window = TraceWindow(self, tuple(before))
        window.times.extend(times)
        window.rules.extend(rules)
        window.follow(0)
        return window


class TraceWindow:
    """The newest events: when, which rules, and what is known after each."""

    __slots__ = ("_before", "_shape", "_states", "rules", "times")

    def __init__(self, shape: TraceShape, before: State) -> None:
        self._shape = shape
        self._before = before
        self.times = array("q")
        self.rules: list[int] = []
        self._states: list[State] = []

    def add(self, time_ms: int, item: int, again: bool, /) -> int:
        """Several rules that one event fits are one occurrence: it is not after itself."""
        times, reorder = self.times, self._shape.reorder
        if len(times) > reorder and time_ms < times[-1]:
            time_ms = max(time_ms, times[-reorder - 1])
        position = bisect_right(times, time_ms)
        if again and position and times[position - 1] == time_ms:
            position -= 1
            self.rules[position] |= item
        else:
            times.insert(position, time_ms)
            self.rules.insert(position, item)
        self.follow(position)
        if len(times) > 2 * reorder:
            self._forget(len(times) - reorder - 1)
        return time_ms

    def follow(self, position: int) -> None:
        """What is known from there on."""
        states, after = self._states, self._shape.traces.after
        del states[position:]
        state = states[-1] if states else self._before
        for place in range(position, len(self.times)):
            state = after(state, self.rules[place], self.times[place])
            states.append(state)

    def _forget(self, count: int) -> None:
        self._before = self._states[count - 1]
        del self.times[:count], self.rules[:count], self._states[:count]

    def at(self, end_ms: int) -> Found | None:
        known = bisect_right(self.times, end_ms)
        state = self._states[known - 1] if known else self._before
        return self._shape.traces.found(state, end_ms - self._shape.span_ms)

    def set_back(self, by_ms: int) -> None:
        self._before = tuple(time_ms - by_ms for time_ms in self._before)
        self.times = earlier(self.times, by_ms)
        self.follow(0)

    def saved(self) -> list[Any]:
        return [self._before, self.times.tolist(), self.rules]
