"""The samples of series that are sampled together: a matrix with one line for each time and one column for each series.

A scrape is one line, so that appending is one copy, and a window is a slice. Lines are in the order of time. A series
that has no sample at a time has an empty cell there. What series they are is not known here.
"""

import numpy as np

from engine.promql.arrays import MISSING, FloatArray, IntArray, Places, is_missing

NEVER_MS = -(2**62)
"""The time of the newest sample where there is none."""

_FIRST_LINES = 4


class Block:
    """`width` columns; `rows` says whose they are. What is `retention_ms` older than the newest line is dropped."""

    def __init__(self, rows: IntArray, retention_ms: int) -> None:
        self.rows = rows
        self.retention_ms = retention_ms
        self._times_ms = np.empty(0, np.int64)
        self._values = np.empty((0, len(rows)), np.float64)
        self._ragged = np.empty(0, np.bool_)
        self._begin = self._end = 0
        self._full_ms = self._ragged_ms = NEVER_MS
        self._seen_ms = np.full(len(rows), NEVER_MS)
        self.changes = 0
        """Grows with every sample."""
        self.replaced = False
        """Whether its columns now lie in other blocks."""

    @property
    def width(self) -> int:
        return len(self.rows)

    @property
    def times_ms(self) -> IntArray:
        """The time of each line."""
        return self._times_ms[self._begin : self._end]

    @property
    def values(self) -> FloatArray:
        """(lines, width)"""
        return self._values[self._begin : self._end]

    @property
    def newest_ms(self) -> int:
        return int(self._times_ms[self._end - 1]) if self._end > self._begin else NEVER_MS

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return (self._end - self._begin) * self.width

    def growth(self, time_ms: int) -> int:
        """By how many cells `append` at this time will change `cells`."""
        newest_ms = self.newest_ms
        if time_ms > newest_ms:
            return (1 - self._over(time_ms - self.retention_ms)) * self.width
        line = int(self.times_ms.searchsorted(time_ms))
        known = time_ms <= newest_ms - self.retention_ms or bool(self.times_ms[line] == time_ms)
        return 0 if known else self.width

    def _over(self, until_ms: int) -> int:
        """How many lines are not later."""
        return int(self.times_ms.searchsorted(until_ms, "right"))

    @property
    def seen_ms(self) -> IntArray:
        """When each column had its newest sample or staleness marker."""
        seen_ms: IntArray = np.maximum(self._seen_ms, self._full_ms)
        return seen_ms

    def was_seen_after(self, time_ms: int, columns: Places) -> bool:
        """Whether one of these columns had a sample or staleness marker later than that."""
        return self._full_ms > time_ms or bool((self._seen_ms[columns] > time_ms).any())

    def span(self, start_ms: int, end_ms: int) -> slice:
        """The lines in (start_ms, end_ms]."""
        times_ms = self.times_ms
        first, last = int(times_ms.searchsorted(start_ms, "right")), int(times_ms.searchsorted(end_ms, "right"))
        return slice(first, max(first, last))

    def may_have_gaps(self, lines: slice) -> bool:
        """False: every cell of these lines is a sample."""
        if lines.start == lines.stop or self._ragged_ms < self._times_ms[self._begin + lines.start]:
            return False
        return bool(self._ragged[self._begin + lines.start : self._begin + lines.stop].any())

    def append(self, time_ms: int, values: FloatArray) -> None:
        """A value for each column, `MISSING` for none. Of two samples at one time the first stays; those beyond
        retention are dropped.
        """
        newest_ms = self.newest_ms
        if time_ms <= newest_ms - self.retention_ms:
            return
        self.changes += 1
        self._begin += self._over(max(time_ms, newest_ms) - self.retention_ms)
        self._make_room()
        if time_ms > newest_ms:
            line = self._end
            self._end += 1
        else:
            line = self._begin + int(np.searchsorted(self.times_ms, time_ms))
            if self._times_ms[line] == time_ms:
                values = np.where(is_missing(self._values[line]), values, self._values[line])
            else:
                self._shift(line)
        self._times_ms[line] = time_ms
        self._values[line] = values
        self._ragged[line] = ragged = bool(np.isnan(values.min()))  # a plain NaN too: it is looked at more closely then
        self._see(time_ms, values, ragged)

    def newest(self, start_ms: int, end_ms: int, columns: Places) -> tuple[FloatArray, IntArray]:
        """Each column's newest cell in (start_ms, end_ms] that is not empty, and its time: one for all, or each."""
        lines = self.span(start_ms, end_ms)
        if lines.start == lines.stop:
            return np.full(self.rows[columns].shape, MISSING), np.array([NEVER_MS])
        values, last = self.values[lines][:, columns], lines.stop - 1
        found, found_ms = values[-1].copy(), self.times_ms[last : last + 1]
        if not self.may_have_gaps(slice(last, last + 1)):
            return found, found_ms
        found_ms = np.repeat(found_ms, len(found))
        for line in range(len(values) - 2, -1, -1):
            missing = is_missing(found)
            if not missing.any():
                break
            found[missing] = values[line][missing]
            found_ms[missing] = self.times_ms[lines.start + line]
        return found, found_ms

    def taken(self, columns: IntArray, retention_ms: int) -> "Block":
        """A block of only these columns, for so long."""
        return Block.restored(
            self.rows[columns], retention_ms, self.times_ms, self.values[:, columns], self.seen_ms[columns]
        )

    def filled(self, columns: Places, times_ms: IntArray, values: FloatArray) -> "Block":
        """The block with these samples in the cells of `columns` that are empty, as far as they are in retention."""
        every_ms = np.union1d(self.times_ms, times_ms)
        cells = np.full((len(every_ms), self.width), MISSING)
        cells[np.searchsorted(every_ms, times_ms)[:, None], np.arange(self.width)[columns]] = values
        lines = np.searchsorted(every_ms, self.times_ms)
        cells[lines] = np.where(is_missing(self.values), cells[lines], self.values)
        seen_ms = np.maximum(self.seen_ms, _seen_ms(every_ms, cells))
        return Block.restored(self.rows, self.retention_ms, every_ms, cells, seen_ms)

    def set_back(self, now_ms: int, by_ms: int) -> "Block":
        """The block with the lines later than `now_ms` moved back by so much; they take the place of what was there."""
        moved = self.times_ms > now_ms
        kept = ~moved & (self.times_ms < self.times_ms[moved].min(initial=2**62) - by_ms)
        times_ms = np.concatenate([self.times_ms[kept], self.times_ms[moved] - by_ms])
        seen_ms = np.where(self.seen_ms > now_ms, self.seen_ms - by_ms, self.seen_ms)
        return Block.restored(self.rows, self.retention_ms, times_ms, self.values[kept | moved], seen_ms)

    @classmethod
    def restored(
        cls, rows: IntArray, retention_ms: int, times_ms: IntArray, values: FloatArray, seen_ms: IntArray
    ) -> "Block":
        """The block with those of these lines that are in retention; `values` is (lines, width), `seen_ms` (width,)."""
        block = cls(rows, retention_ms)
        kept = times_ms > times_ms.max(initial=NEVER_MS) - retention_ms
        block._times_ms, block._values = times_ms[kept], values[kept]
        block._ragged = np.asarray(np.isnan(block._values).any(axis=1))
        block._ragged_ms = int(block._times_ms[block._ragged].max(initial=NEVER_MS))
        block._end = len(block._times_ms)
        block._seen_ms = seen_ms.copy()
        return block

    def _see(self, time_ms: int, values: FloatArray, ragged: bool) -> None:
        if not ragged:
            self._full_ms = max(self._full_ms, time_ms)
        else:
            self._ragged_ms = max(self._ragged_ms, time_ms)
            self._seen_ms = np.where(is_missing(values), self._seen_ms, np.maximum(self._seen_ms, time_ms))

    def _make_room(self) -> None:
        """Room for one more line: those that are there move up or get more memory."""
        if self._end < len(self._times_ms):
            return
        lines = self._end - self._begin
        old = self.times_ms, self.values, self._ragged[self._begin : self._end]
        if lines * 3 // 2 + _FIRST_LINES > len(self._times_ms):
            capacity = lines * 3 // 2 + 2 * _FIRST_LINES
            self._times_ms = np.empty(capacity, np.int64)
            self._values = np.empty((capacity, self.width))
            self._ragged = np.empty(capacity, np.bool_)
        self._times_ms[:lines], self._values[:lines], self._ragged[:lines] = old
        self._begin, self._end = 0, lines

    def _shift(self, line: int) -> None:
        """Make place for a line before others."""
        for column in (self._times_ms, self._values, self._ragged):
            column[line + 1 : self._end + 1] = column[line : self._end]
        self._values[line] = MISSING
        self._end += 1


def _seen_ms(times_ms: IntArray, values: FloatArray) -> IntArray:
    """When each column of these lines has its last cell that is not empty."""
    if not len(times_ms):
        return np.full(values.shape[1], NEVER_MS)
    there = ~is_missing(values)
    last = len(times_ms) - 1 - np.argmax(there[::-1], axis=0)
    seen_ms: IntArray = np.where(there.any(axis=0), times_ms[last], NEVER_MS)
    return seen_ms
