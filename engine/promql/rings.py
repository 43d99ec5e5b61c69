"""The samples: one ring of (time, value) for each row, all in one pool, so that every operation is over many rows.

A ring's depth is a power of two and doubles when a sample that is still within its retention would be overwritten, so
depth follows each series' own sample rate. Row `r` holds `size[r]` samples, sample `i` (0 is the oldest) at
`base[r] + ((head[r] - size[r] + i) & (depth[r] - 1))`. Labels do not live here.
"""

import numpy as np

from engine.promql.arrays import BoolArray, FloatArray, IntArray

NEVER_MS = -(2**62)
"""The time of the newest sample where there is none."""

_FIRST_DEPTH = 8


class Rings:
    """Samples of rows `0 … len - 1`. Times are int milliseconds; `rows` arguments hold distinct row numbers."""

    def __init__(self) -> None:
        self.base = np.empty(0, np.int64)
        self.depth = np.empty(0, np.int64)
        self.head = np.empty(0, np.int64)
        self.size = np.empty(0, np.int64)
        self.newest_ms = np.empty(0, np.int64)
        self.retention_ms = np.empty(0, np.int64)
        self._pool = _Pool()

    def __len__(self) -> int:
        return len(self.base)

    def add(self, count: int) -> None:
        """Further rows at the end, without samples."""
        more = np.zeros(count, np.int64)
        self.base = np.concatenate([self.base, more])
        self.depth = np.concatenate([self.depth, more])
        self.head = np.concatenate([self.head, more])
        self.size = np.concatenate([self.size, more])
        self.newest_ms = np.concatenate([self.newest_ms, more + NEVER_MS])
        self.retention_ms = np.concatenate([self.retention_ms, more])

    def clear(self, rows: IntArray) -> None:
        """Forget the samples of `rows` and give their memory back."""
        self._pool.release(self.base[rows], self.depth[rows])
        self.depth[rows] = self.head[rows] = self.size[rows] = 0
        self.newest_ms[rows] = NEVER_MS

    def append(self, rows: IntArray, time_ms: int, values: FloatArray) -> None:
        """One sample for each of `rows`. Of two at one time the first stays; those beyond retention are dropped."""
        late = time_ms <= self.newest_ms[rows]
        if late.any():
            self._insert(rows[late], time_ms, values[late])
            rows, values = rows[~late], values[~late]
        self._make_room(rows, np.full(len(rows), time_ms))
        self._write(self.cells(rows, self.size[rows]), time_ms, values)
        self.head[rows] += 1
        self.size[rows] += 1
        self.newest_ms[rows] = time_ms

    def _insert(self, rows: IntArray, time_ms: int, values: FloatArray) -> None:
        """Samples that come after a newer one of their series: the newer ones move up by one."""
        known = self._time_at(rows, np.maximum(self.count_until(rows, time_ms) - 1, 0)) == time_ms
        wanted = ~known & (time_ms > self.newest_ms[rows] - self.retention_ms[rows])
        rows, values = rows[wanted], values[wanted]
        self._make_room(rows, self.newest_ms[rows])
        position = self.count_until(rows, time_ms)
        newer = self.size[rows] - position
        for step in range(int(newer.max(initial=0))):
            moving = newer > step
            source = self.cells(rows[moving], self.size[rows[moving]] - 1 - step)
            target = self.cells(rows[moving], self.size[rows[moving]] - step)
            self._pool.copy(source, target)
        self._write(self.cells(rows, position), time_ms, values)
        self.head[rows] += 1
        self.size[rows] += 1

    def _make_room(self, rows: IntArray, newest_ms: IntArray) -> None:
        """Room for one more sample in each row: a full ring loses its oldest sample if its time is over, else grows."""
        full = self.size[rows] == self.depth[rows]
        if not full.any():
            return
        rows, newest_ms = rows[full], newest_ms[full]
        # An empty row has depth 0: it holds nothing to lose, so it grows.
        over = (self.size[rows] > 0) & (self._time_at(rows, np.zeros_like(rows)) <= newest_ms - self.retention_ms[rows])
        self.size[rows[over]] -= 1
        grow = np.sort(rows[~over])  # neighbours among the rows are neighbours in memory
        self._move(grow, np.maximum(self.depth[grow] * 2, _FIRST_DEPTH))

    def _move(self, rows: IntArray, depth: IntArray) -> None:
        """Copy the samples of `rows` to new rings of these depths."""
        if not len(rows):
            return
        row, nth = self._samples_of(rows)
        source = self.cells(row, nth)
        old_base, old_depth = self.base[rows], self.depth[rows]
        self.base[rows] = self._pool.allocate(depth)
        self.depth[rows] = depth
        self.head[rows] = self.size[rows]
        self._pool.copy(source, self.cells(row, nth))
        self._pool.release(old_base, old_depth)

    def compact(self) -> None:
        """Reclaim memory when more than half of it lies unused."""
        if self._pool.unused * 2 > len(self._pool.values):
            self.restore(*self.samples())

    def samples(self) -> tuple[IntArray, FloatArray]:
        """Times and values of all rows, one row after the other, oldest first."""
        at = self.cells(*self._samples_of(np.arange(len(self))))
        return self._pool.times_ms[at], self._pool.values[at]

    def restore(self, times_ms: IntArray, values: FloatArray) -> None:
        """Refill all rows, whose `depth` and `size` say how much is whose, from what `samples` gave."""
        self._pool = _Pool()
        self.base = self._pool.allocate(self.depth)
        self.head = self.size.copy()
        at = self.cells(*self._samples_of(np.arange(len(self))))
        self._pool.times_ms[at] = times_ms
        self._pool.values[at] = values

    def count_until(self, rows: IntArray, time_ms: int) -> IntArray:
        """For each row, how many of its samples are not after `time_ms`."""
        size: IntArray = self.size[rows]
        if not len(rows) or (self.newest_ms[rows] <= time_ms).all():
            return size
        # Series that are sampled together have their samples at the same places: try the first one's place on all.
        guess: IntArray = np.maximum(size - (size[0] - self._search(rows[:1], time_ms)[0]), 0)
        wrong = self._is_after(rows, guess - 1, time_ms) | ~self._is_after(rows, guess, time_ms)
        if wrong.any():
            guess[wrong] = self._search(rows[wrong], time_ms)
        return guess

    def _search(self, rows: IntArray, time_ms: int) -> IntArray:
        """`count_until` by bisection, for all rows in step."""
        low: IntArray = np.zeros(len(rows), np.int64)
        high = self.size[rows]
        while (low < high).any():
            middle = (low + high) >> 1
            after = self._is_after(rows, middle, time_ms)
            low, high = np.where(after, low, middle + 1), np.where(after, middle, high)
        return low

    def _is_after(self, rows: IntArray, nth: IntArray, time_ms: int) -> BoolArray:
        """Whether sample `nth` is after `time_ms`: the one before the first never is, the next to come always."""
        return (nth >= self.size[rows]) | ((nth >= 0) & (self._time_at(rows, nth) > time_ms))

    def times_of(self, cells: IntArray) -> IntArray:
        """Sample times; of a cell that holds no sample, anything."""
        times_ms: IntArray = self._pool.times_ms.take(cells, mode="clip")
        return times_ms

    def values_of(self, cells: IntArray) -> FloatArray:
        """Sample values; of a cell that holds no sample, anything."""
        values: FloatArray = self._pool.values.take(cells, mode="clip")
        return values

    def _time_at(self, rows: IntArray, nth: IntArray) -> IntArray:
        return self.times_of(self.cells(rows, nth))

    def cells(self, rows: IntArray, nth: IntArray) -> IntArray:
        """Where sample `nth` of each row lies in the pool. `nth` may have a dimension more than `rows`."""
        at: IntArray = nth + (self.head[rows] - self.size[rows])
        at &= self.depth[rows] - 1
        at += self.base[rows]
        return at

    def _samples_of(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """Every sample of `rows` as (row, nth)."""
        size = self.size[rows]
        row = np.repeat(rows, size)
        nth = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
        return row, nth

    def _write(self, at: IntArray, time_ms: int, values: FloatArray) -> None:
        self._pool.times_ms[at] = time_ms
        self._pool.values[at] = values


class _Pool:
    """Memory for rings, with released rings kept for the next of the same depth."""

    def __init__(self) -> None:
        # Never of length 0, so that looking up a row without samples finds something, if nothing that counts.
        self.times_ms = np.zeros(1, np.int64)
        self.values = np.zeros(1, np.float64)
        self.unused = 0
        self._end = 0
        self._released: dict[int, list[int]] = {}

    def allocate(self, depths: IntArray) -> IntArray:
        """Where the new rings begin."""
        bases = np.zeros(len(depths), np.int64)
        fresh = np.ones(len(depths), np.bool_)
        for depth in np.unique(depths[depths > 0]).tolist():
            wanted = np.flatnonzero(depths == depth)
            released = self._released.get(depth, [])
            reused = wanted[: len(released)]
            bases[reused] = [released.pop() for _ in reused]
            fresh[reused] = False
            self.unused -= depth * len(reused)
        return self._extend(bases, depths, fresh)

    def _extend(self, bases: IntArray, depths: IntArray, fresh: BoolArray) -> IntArray:
        needed = np.where(fresh, depths, 0)
        end = self._end + int(needed.sum())
        if end > len(self.values):
            spare = max(end, len(self.values) * 3 // 2) - len(self.values)
            self.times_ms = np.concatenate([self.times_ms, np.zeros(spare, np.int64)])
            self.values = np.concatenate([self.values, np.zeros(spare)])
        bases[fresh] = (self._end + np.cumsum(needed) - needed)[fresh]
        self._end = end
        return bases

    def release(self, bases: IntArray, depths: IntArray) -> None:
        for base, depth in zip(bases.tolist(), depths.tolist(), strict=True):
            if depth:
                self._released.setdefault(depth, []).append(base)
                self.unused += depth

    def copy(self, source: IntArray, target: IntArray) -> None:
        self.times_ms[target] = self.times_ms[source]
        self.values[target] = self.values[source]
