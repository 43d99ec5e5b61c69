"""Which block and column each row has, and how the samples of one scrape get there.

Series that first come together are put into one block, so that a steady source needs one copy for each block. Labels
do not live here.
"""

import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.promql.arrays import MISSING, FloatArray, IntArray, Places, places
from engine.promql.block import Block
from engine.promql.selector import LOOKBACK_MS

UNLIMITED = 2**62


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of some caller that lie in one block: there in `columns`, in the caller's order at `positions`."""

    block: Block
    columns: Places
    positions: Places
    width: int


def are_valid(parts: Sequence[Part]) -> bool:
    """Whether the rows still lie there: a row is moved by another block taking the place of its own."""
    return not any(part.block.replaced for part in parts)


class Columns:
    """All samples. `arrangement` grows whenever a row comes to lie elsewhere; `cells` are those of all blocks."""

    def __init__(self) -> None:
        self.arrangement = 0
        self.cells = 0
        self._blocks: dict[int, Block] = {}
        self._next = 0
        self._block_of = np.empty(0, np.int64)
        self._column_of = np.empty(0, np.int64)
        self._routes: dict[int, tuple[weakref.ref[IntArray], list[Part]]] = {}

    def append(self, rows: IntArray, time_ms: int, values: FloatArray, most_cells: int = UNLIMITED) -> int:
        """One sample for each of `rows`, which are distinct. Returns how many were refused for want of room.

        A block that is full to its retention drops a line for each that it takes, and so is never refused one.
        """
        refused = 0
        for part in self._route(rows):
            growth = part.block.growth(time_ms)
            if growth > 0 and self.cells + growth > most_cells:
                refused += part.width
                continue
            self.cells += growth
            here = values[part.positions]
            if len(here) < part.block.width:
                line = np.full(part.block.width, MISSING)
                line[part.columns] = here
                here = line
            part.block.append(time_ms, here)
        return refused

    def fill(self, rows: IntArray, times_ms: IntArray, values: FloatArray) -> None:
        """Put lines of samples, `values` (lines, rows), where these rows have none."""
        for part in self.parts(rows):
            number = int(self._block_of[part.block.rows[0]])
            filled = part.block.filled(part.columns, times_ms, values[:, part.positions])
            self.cells += filled.cells - part.block.cells
            self._blocks[number], part.block.replaced = filled, True
        self.arrangement += 1

    def parts(self, rows: IntArray) -> list[Part]:
        """Where `rows` lie, block by block."""
        if not len(rows):
            return []
        numbers, which = np.unique(self._block_of[rows], return_inverse=True)
        order = np.argsort(which, kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(which))[:-1])
        return [
            self._part(self._blocks[number], self._column_of[rows[positions]], positions)
            for number, positions in zip(numbers.tolist(), parts, strict=True)
        ]

    def place(self, rows: IntArray, new: IntArray, retention_ms: IntArray) -> None:
        """Give the rows `new` (with these retentions) blocks, and join them with what `rows`, among which they are,
        have lain in so far: small blocks only, so that a series is seldom moved.
        """
        if len(new) and int(new.max()) >= len(self._block_of):
            more = int(new.max()) + 1 - len(self._block_of)
            self._block_of = np.concatenate([self._block_of, np.full(more, -1)])
            self._column_of = np.concatenate([self._column_of, np.zeros(more, np.int64)])
        others = self.parts(rows[self._block_of[rows] >= 0])
        for each in np.unique(retention_ms).tolist():
            together = [Block(new[retention_ms == each], each)]
            width = together[0].width
            alike = [part for part in others if part.block.retention_ms == each]
            for part in sorted(alike, key=lambda part: part.block.width):
                if part.block.width <= 2 * width:
                    together.append(self._take(part))
                    width += together[-1].width
            self._put(_merged(together))

    def rearrange(self, retention_ms: IntArray) -> None:
        """Let every row have the retention that `retention_ms[row]` says."""
        for number, block in list(self._blocks.items()):
            wanted = retention_ms[block.rows]
            if (wanted == block.retention_ms).all():
                continue
            self._drop(number)
            for each in np.unique(wanted).tolist():
                self._put(block.taken(np.flatnonzero(wanted == each), each))

    def set_back(self, now_ms: int, by_ms: int) -> None:
        """Move the samples later than `now_ms` back by so much."""
        for number, block in list(self._blocks.items()):
            if block.newest_ms > now_ms:
                self._drop(number)
                self._put(block.set_back(now_ms, by_ms))

    def over(self, now_ms: int) -> IntArray:
        """The rows without a sample within their retention and the lookback."""
        gone = [
            block.rows[block.seen_ms <= now_ms - max(block.retention_ms, LOOKBACK_MS)]
            for block in self._blocks.values()
        ]
        return np.concatenate([np.empty(0, np.int64), *gone])

    def remove(self, rows: IntArray) -> None:
        """Forget the samples of `rows`."""
        for part in self.parts(rows):
            self._take(part)
        self._block_of[rows] = -1

    def blocks(self) -> Iterator[Block]:
        """All blocks; the order is part of the state."""
        return iter(self._blocks.values())

    def restore(self, rows: int, blocks: Sequence[Block]) -> None:
        """Be what has these blocks, for row numbers below `rows`."""
        self._block_of = np.full(rows, -1)
        self._column_of = np.zeros(rows, np.int64)
        for block in blocks:
            self._put(block)

    def _part(self, block: Block, columns: IntArray, positions: IntArray) -> Part:
        order = np.argsort(columns, kind="stable")
        return Part(block, places(columns[order]), places(positions[order]), len(columns))

    def _put(self, block: Block) -> None:
        self._blocks[self._next] = block
        self.cells += block.cells
        self._block_of[block.rows] = self._next
        self._column_of[block.rows] = np.arange(block.width)
        self._next += 1
        self.arrangement += 1

    def _take(self, part: Part) -> Block:
        """Take columns out of their block; what is left of it becomes a block of its own."""
        number = int(self._block_of[part.block.rows[0]])
        taken = np.zeros(part.block.width, np.bool_)
        taken[part.columns] = True
        self._drop(number)
        if not taken.all():
            self._put(part.block.taken(np.flatnonzero(~taken), part.block.retention_ms))
        self.arrangement += 1
        return part.block.taken(np.flatnonzero(taken), part.block.retention_ms)

    def _drop(self, number: int) -> None:
        block = self._blocks.pop(number)
        block.replaced = True
        self.cells -= block.cells

    def _route(self, rows: IntArray) -> list[Part]:
        """`parts`, remembered for as long as the caller keeps the array."""
        known = self._routes.get(id(rows))
        if known is not None and known[0]() is rows and are_valid(known[1]):
            return known[1]
        parts, key = self.parts(rows), id(rows)
        forget = weakref.ref(rows, lambda _: self._routes.pop(key, None))
        self._routes[key] = (forget, parts)
        return parts


def _merged(blocks: Sequence[Block]) -> Block:
    """One block of the columns of all, which have the same retention."""
    rows = np.concatenate([block.rows for block in blocks])
    if len(blocks) == 1:
        return blocks[0]
    times_ms = np.unique(np.concatenate([block.times_ms for block in blocks]))
    values = np.full((len(times_ms), len(rows)), MISSING)
    first = 0
    for block in blocks:
        values[np.searchsorted(times_ms, block.times_ms), first : first + block.width] = block.values
        first += block.width
    seen_ms = np.concatenate([block.seen_ms for block in blocks])
    return Block.restored(rows, blocks[0].retention_ms, times_ms, values, seen_ms)
