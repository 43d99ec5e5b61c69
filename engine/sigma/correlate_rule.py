"""One correlation at work: to which group an occurrence belongs, and whether the condition holds for it now."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from typing import Any

from engine.sigma.correlate_groups import Group, Groups
from engine.sigma.correlate_model import Ended, Key, Limits, Occurred, Raised, Result
from engine.sigma.correlate_shapes import comparison, item_of, named, shape_of, waits
from engine.sigma.correlate_values import Data, key_of
from engine.sigma.correlate_window import Found, ends
from engine.sigma.model import Correlation

Wake = Callable[[int, Key], None]
"""Asks for the group to be looked at again at a time."""


class Correlating:
    """`evicted` counts by reason what was given up, `passed_over` what belongs to no group or has no value."""

    def __init__(self, rule: str, says: Correlation, limits: Limits) -> None:
        self.rule = rule
        self.says = says
        self.evicted: Counter[str] = Counter()
        self.passed_over = 0
        self.groups = Groups(limits)
        self.shape = shape_of(says, limits, self._lost)
        self._limits = limits
        self._span_ms = says.timespan_ms
        self._holds = comparison(says.thresholds)
        self._waits = waits(says)
        self._absence = says.type == "absence"
        self._again = says.type in ("temporal", "temporal_ordered")
        self._keys = {rule: key_of([named(says, field, rule) for field in says.group_by]) for rule in says.rules}
        self._items = {rule: item_of(says, rule) for rule in says.rules}

    def observe(self, occurred: Occurred, seq: int, now_ms: int, wake: Wake, out: list[Result]) -> None:
        """What follows is appended; what has to go for it comes first. `seq` tells events apart."""
        key = self._keys[occurred.rule](occurred.data)
        item = self._items[occurred.rule](occurred.data)
        if key is None or item is None:
            self.passed_over += 1
            return
        group = self.groups.get(key)
        if group is None:
            if victim := self.groups.in_the_way(occurred.source):
                self._evict(*victim, now_ms, out)
            group = Group(key, occurred.source, self.shape.window())
            self.groups.add(group)
        elif group.seq == seq and not self._again:
            return
        else:
            self.groups.touch(group)
        result = self._told(group, occurred, item, seq, now_ms, wake)
        if result is not None:
            out.append(result)
        if self.groups.size > self._limits.entries:
            for heavy in self.groups.heaviest():
                self._evict(heavy, "entries", now_ms, out)

    def _told(self, group: Group, occurred: Occurred, item: Any, seq: int, now_ms: int, wake: Wake) -> Result | None:
        window = group.window
        size = len(window.times)
        entered_ms = window.add(occurred.time_ms, item, group.seq == seq)
        self.groups.size += len(window.times) - size
        group.seq = seq
        group.seen_ms = now_ms
        group.note(entered_ms, occurred.event, self._limits.events, self._span_ms)
        if self._absence:
            return self._heard(group, entered_ms, wake)
        if self._waits:
            if group.opened_ms is None:
                self._open(group, entered_ms, wake)
            return self._closed(group, wake) if self._full(group) else None
        if entered_ms == window.times[-1]:
            found = window.at(entered_ms)
            return self._raised(group, entered_ms, found) if found and self._holds(found.value) else None
        for end_ms in ends(window, entered_ms, self._span_ms):
            found = window.at(end_ms)
            if found and self._holds(found.value):
                return self._raised(group, end_ms, found)
        return None

    def _raised(self, group: Group, end_ms: int, found: Found) -> Raised:
        events = group.events(end_ms - self._span_ms, end_ms)
        return Raised(self.rule, self.named(group), found.value, end_ms, found.since_ms, events, self._waits)

    def named(self, group: Group) -> tuple[tuple[str, str], ...]:
        return tuple(zip(self.says.group_by, group.key, strict=True))

    def data(self, raised: Raised, data: Data) -> Data:
        """What an occurrence of this correlation holds: its event's fields, and its group by names of its own."""
        own = {name.partition("|")[0]: value for name, value in raised.group if not data or name in self.says.aliases}
        return {**data, **own} if own else data

    # --- at a time ---

    def come_due(self, group: Group, now_ms: int, wake: Wake) -> Raised | None:
        """The group's time has come, as it had asked for."""
        assert group.due_ms is not None
        assert group.due_ms <= now_ms
        group.due_ms = None
        return self._silent(group, now_ms, wake) if self._absence else self._closed(group, wake)

    def _wake(self, group: Group, due_ms: int, wake: Wake) -> None:
        group.due_ms = due_ms
        wake(due_ms, group.key)

    def _heard(self, group: Group, time_ms: int, wake: Wake) -> Ended | None:
        """A timer that is set stays, and looks then whether there was more."""
        if group.due_ms is None:
            self._wake(group, group.window.times[-1] + self._span_ms, wake)
        if group.silent_ms is None:
            return None
        group.silent_ms = None
        return Ended(self.rule, self.named(group), time_ms)

    def _silent(self, group: Group, now_ms: int, wake: Wake) -> Raised | None:
        last_ms = group.window.times[-1]
        due_ms = last_ms + self._span_ms
        if due_ms > now_ms:
            self._wake(group, due_ms, wake)
            return None
        group.silent_ms = due_ms
        events = tuple(event for _, event in group.last)
        return Raised(self.rule, self.named(group), self._span_ms, due_ms, last_ms, events, at_end=True)

    def _open(self, group: Group, time_ms: int, wake: Wake) -> None:
        group.opened_ms = time_ms
        self._wake(group, time_ms + self._span_ms + self._limits.lateness_ms, wake)

    def _full(self, group: Group) -> bool:
        """Whether the open window is over before its time: so many events are younger that none comes into it any more.
        The older ones need not be kept for it, however many follow.
        """
        assert group.opened_ms is not None
        times, reorder = group.window.times, self._limits.reorder
        return len(times) > reorder and times[-reorder - 1] >= group.opened_ms + self._span_ms

    def _closed(self, group: Group, wake: Wake) -> Raised | None:
        """The window is over that its first event opened; the first one after it opens the next."""
        assert group.opened_ms is not None
        end_ms = group.opened_ms + self._span_ms - 1
        found = group.window.at(end_ms)
        group.opened_ms = None
        times = group.window.times
        if times[-1] > end_ms:
            self._open(group, times[bisect_right(times, end_ms)], wake)
        return self._raised(group, end_ms, found) if found and self._holds(found.value) else None

    # --- bounds ---

    def _lost(self, values: int) -> None:
        self.evicted["values"] += values

    def _evict(self, group: Group, reason: str, now_ms: int, out: list[Result]) -> None:
        """Only what would still have mattered counts."""
        self.groups.remove(group)
        if group.waiting or group.seen_ms > self._idle_ms(now_ms):
            self.evicted[reason] += 1
        if group.silent_ms is not None:
            out.append(Ended(self.rule, self.named(group), now_ms, evicted=True))

    def forget(self, now_ms: int) -> None:
        """The groups of which no window holds anything any more."""
        for group in self.groups.idle(self._idle_ms(now_ms)):
            self.groups.remove(group)

    def _idle_ms(self, now_ms: int) -> int:
        return now_ms - self._span_ms - self._limits.lateness_ms
