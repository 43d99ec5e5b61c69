"""What a selection over several blocks remembers: it looks again only into those to which samples have come.

Many small sources each bring a few series of a selection. Without this, each of their scrapes would cost an evaluation
as much as all of them together.
"""

from collections.abc import Sequence

import numpy as np

from engine.promql.arrays import MISSING, FloatArray, IntArray
from engine.promql.block import NEVER_MS
from engine.promql.columns import Part
from engine.promql.window import Window, packed


class _Gathered:
    """Which parts have changed since they were looked into, for times that only go on."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self._changes = [-1] * len(parts)
        self._start_ms = self._latest_ms = NEVER_MS

    def may_serve(self, start_ms: int, end_ms: int) -> bool:
        """Whether nothing that is looked for may have been passed over: time has not gone back."""
        return start_ms >= self._start_ms and end_ms >= self._latest_ms

    def _changed(self, start_ms: int, end_ms: int) -> list[int]:
        """The numbers of the parts to look into for (start_ms, end_ms]."""
        changes, found = self._changes, []
        for number, part in enumerate(self.parts):
            block = part.block
            if changes[number] != block.changes:
                found.append(number)
                newest_ms = block.newest_ms
                # What is newer than `end_ms` is passed over, so that this part is looked into again.
                changes[number] = block.changes if newest_ms <= end_ms else -1
                self._latest_ms = max(self._latest_ms, min(newest_ms, end_ms))
        self._start_ms = max(self._start_ms, start_ms)
        return found


class Newest(_Gathered):
    """The newest cell of each of `size` series."""

    def __init__(self, parts: Sequence[Part], size: int) -> None:
        super().__init__(parts)
        self._values = np.full(size, MISSING)
        self._times_ms = np.full(size, NEVER_MS)

    def between(self, start_ms: int, end_ms: int) -> tuple[FloatArray, IntArray]:
        """Of each series the newest cell in (start_ms, end_ms] that is not empty, and its time."""
        for number in self._changed(start_ms, end_ms):
            part = self.parts[number]
            values, times_ms = part.block.newest(start_ms, end_ms, part.columns)
            self._values[part.positions], self._times_ms[part.positions] = values, times_ms
        return np.where(self._times_ms > start_ms, self._values, MISSING), self._times_ms.copy()


class Lines(_Gathered):
    """The lines of all parts side by side, aligned at the end: `at` are the positions of the series in the selection,
    `part_of` their parts.
    """

    def __init__(self, parts: Sequence[Part], at: IntArray, part_of: IntArray) -> None:
        super().__init__(parts)
        self._at = at
        self._part_of = part_of
        self._first = np.cumsum([0, *(part.width for part in parts)])
        self._gaps = np.zeros(len(parts), np.bool_)
        self._lines_ms = np.full((0, len(parts)), NEVER_MS)
        self._values = np.full((0, len(at)), MISSING)

    def between(self, start_ms: int, end_ms: int) -> Window:
        """The series that have samples in (start_ms, end_ms], with these samples."""
        for number in self._changed(start_ms, end_ms):
            self._look_into(number, start_ms, end_ms)
        within = self._lines_ms > start_ms
        lines = within.sum(axis=0)
        depth = int(lines.max(initial=0))
        top = len(within) - depth
        full = within[top:]
        regular = bool(full.all())
        values = self._values[top:]
        found = Window(
            at=self._at,
            counts=np.full(len(self._at), depth),
            lines_ms=self._lines_ms[top:].copy(),
            line_of=self._part_of,
            values=values.copy() if regular else np.where(full[:, self._part_of], values, MISSING),
            start_ms=start_ms,
            end_ms=end_ms,
        )
        return found if depth and regular and not self._gaps.any() else packed(found)

    def _look_into(self, number: int, start_ms: int, end_ms: int) -> None:
        part = self.parts[number]
        span = part.block.span(start_ms, end_ms)
        depth = span.stop - span.start
        if depth > len(self._lines_ms):
            self._deepen(depth)
        columns = slice(self._first[number], self._first[number + 1])
        top = len(self._lines_ms) - depth
        self._lines_ms[:top, number] = NEVER_MS
        self._lines_ms[top:, number] = part.block.times_ms[span]
        self._values[:top, columns] = MISSING
        self._values[top:, columns] = part.block.values[span][:, part.columns]
        self._gaps[number] = part.block.may_have_gaps(span)

    def _deepen(self, depth: int) -> None:
        """Make room above for so many lines, and some more."""
        more = depth + depth // 4 + 1 - len(self._lines_ms)
        self._lines_ms = np.concatenate([np.full((more, len(self.parts)), NEVER_MS), self._lines_ms])
        self._values = np.concatenate([np.full((more, len(self._at)), MISSING), self._values])
