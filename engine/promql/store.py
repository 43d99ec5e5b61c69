"""The columns that expressions are evaluated over: series by labels, and how long their samples are kept.

No expression is evaluated here.
"""

from collections.abc import Iterable, Sequence
from weakref import WeakValueDictionary

import msgspec
import numpy as np

from engine.promql.arrays import FloatArray, IntArray, is_missing
from engine.promql.block import Block
from engine.promql.catalogue import Catalogue
from engine.promql.columns import UNLIMITED, Columns
from engine.promql.selection import Selection
from engine.promql.selector import LOOKBACK_MS, Matchers, Selector, SelectorIndex
from schemas.labels import Labels

MOST_WAITING = 64
"""Scrapes that have come and are not in their places yet."""


class _BlockDump(msgspec.Struct, array_like=True):
    retention_ms: int
    rows: bytes
    seen_ms: bytes
    times_ms: bytes
    values: bytes


class _Dump(msgspec.Struct, array_like=True):
    series: list[Labels | None]
    free: list[int]
    selectors: list[Selector]
    blocks: list[_BlockDump]


class Store:
    """All times are int milliseconds.

    A row number names its series as long as `generation` stays the same: after `expire` a row may serve another.
    """

    def __init__(self) -> None:
        self._catalogue = Catalogue()
        self._placed = Columns()
        self._waiting: list[tuple[IntArray, int, FloatArray]] = []
        self._generation = 0
        self._set_selectors([])
        # Whoever uses a selection keeps it alive; here it is only found again, by another rule with the same selector.
        self._selections: WeakValueDictionary[Matchers, Selection] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._catalogue)

    @property
    def version(self) -> int:
        return self._catalogue.version

    @property
    def generation(self) -> int:
        """What grows when rows are freed or what is wanted changes: until then a row found stays good."""
        return self._generation

    def labels(self, row: int) -> Labels:
        return self._catalogue.labels(row)

    def rows(self, series: Sequence[Labels]) -> IntArray:
        """The row of each series; new ones get one. Series that are asked for together are best appended together."""
        unknown = self._catalogue.unknown(series)
        if not unknown:
            return self._catalogue.rows(series)
        new = self._catalogue.add(unknown)
        rows = self._catalogue.rows(series)
        self._columns.place(np.unique(rows), new, np.array([self._retention_ms(labels) for labels in unknown]))
        return rows

    def append(self, rows: IntArray, time_ms: int, values: FloatArray, most_samples: int = UNLIMITED) -> int:
        """One scrape; `rows` are distinct, `values` may hold `STALE`.

        A sample older than the newest of its series is put in its place; of two at the same time the first stays; one
        beyond the retention of its series is dropped. Returns how many were refused, because with them the store would
        grow beyond `most_samples`.
        """
        assert len(rows) == len(values)
        # No append makes more cells than there are series, so this one is not refused, nor any that wait.
        most_cells = self._placed.cells + (len(self._waiting) + 1) * len(self)
        if len(self._waiting) == MOST_WAITING or most_cells > most_samples:
            return self._columns.append(rows, time_ms, values, most_samples)
        self._waiting.append((rows, time_ms, values))
        return 0

    @property
    def selectors(self) -> Sequence[Selector]:
        """Those that are retained."""
        return self._selectors

    def fill(self, past: "Store") -> IntArray:
        """Take over the samples of another store where there are none. Returns for each row of it the row here."""
        row_of = np.full(past._catalogue.width, -1)
        for block in past._columns.blocks():
            row_of[block.rows] = self.rows([past.labels(row) for row in block.rows.tolist()])
            self._columns.fill(row_of[block.rows], block.times_ms, block.values)
        return row_of

    def set_back(self, now_ms: int, by_ms: int) -> None:
        """Samples later than `now_ms` were taken by a clock that was so much ahead: move them to where they belong."""
        self._columns.set_back(now_ms, by_ms)

    def retain(self, selectors: Iterable[Selector]) -> None:
        """From now on, keep of each series what the longest window of the selectors over it needs; of one that none
        picks, the lookback.
        """
        self._set_selectors(list(selectors))
        series = self._catalogue.series
        self._columns.rearrange(np.array([0 if labels is None else self._retention_ms(labels) for labels in series]))

    def wants(self, labels: Labels) -> bool:
        """Whether a selector that is retained picks the series."""
        return next(self._windows.of(labels), None) is not None

    def wants_name(self, name: str) -> bool:
        """Whether a selector that is retained may pick series of this metric name."""
        return next(self._windows.of_name(name), None) is not None

    def unknown(self, series: Iterable[Labels]) -> list[Labels]:
        """Those that have no row yet, each once, in the order of labels."""
        return self._catalogue.unknown(series)

    def has_name(self, name: str) -> bool:
        """Whether there is a series of this metric name."""
        return self._catalogue.has_name(name)

    @property
    def samples(self) -> int:
        """How many cells of eight bytes there are, empty ones included."""
        return self._columns.cells

    def expire(self, now_ms: int, named: Sequence[IntArray] = ()) -> None:
        """Forget the series that have no sample within their retention and the lookback, and whose row nobody names."""
        gone = self._columns.over(now_ms)
        if len(gone):
            gone = np.setdiff1d(gone, np.concatenate([gone[:0], *named]))
        if len(gone):
            self._generation += 1
            self._columns.remove(gone)
            self._catalogue.remove(gone.tolist())

    def select(self, matchers: Matchers) -> Selection:
        """The series that all matchers accept. The same as long as no series of that metric name comes or goes."""
        columns = self._columns
        version = self._catalogue.version_of(matchers)
        selection = self._selections.get(matchers)
        if selection is None or selection.version != version:
            rows = self._catalogue.pick(matchers, () if selection is None else selection.series())
            labels = [self.labels(row) for row in rows]
            selection = Selection(columns, rows, labels, version, selection)
            self._selections[matchers] = selection
        return selection

    def candidates(self, matchers: Matchers) -> int:
        """How many series are looked at to select: no fewer than are selected. Costs nothing."""
        return self._catalogue.candidates(matchers)

    def seen(self, matchers: Matchers, start_ms: int, end_ms: int) -> list[Labels]:
        """The series that all matchers accept and that have a sample in [start_ms, end_ms], in the order of labels."""
        selection = self.select(matchers)
        values, _ = selection.newest(start_ms - 1, end_ms)
        there = np.broadcast_to(~is_missing(values), len(selection.rows))
        return [labels for labels, found in zip(selection.index.labels, there.tolist(), strict=True) if found]

    @property
    def _columns(self) -> Columns:
        """With everything in its place.

        Samples wait until somebody looks. Scrapes come one by one, each to a processor that has done something else
        meanwhile, and to put ten of them in their places one after the other costs little more than one.
        """
        waiting, self._waiting = self._waiting, []
        for rows, time_ms, values in waiting:
            self._placed.append(rows, time_ms, values)
        return self._placed

    def _retention_ms(self, labels: Labels) -> int:
        return max(self._windows.of(labels), default=LOOKBACK_MS)

    def _set_selectors(self, selectors: list[Selector]) -> None:
        self._selectors = selectors
        self._generation += 1
        self._windows = SelectorIndex((selector, selector.window_ms) for selector in selectors)

    def dump(self) -> bytes:
        """All that can still be asked for, exactly; row numbers too."""
        dump = _Dump(
            series=self._catalogue.series,
            free=self._catalogue.free,
            selectors=self._selectors,
            blocks=[_dumped(block) for block in self._columns.blocks()],
        )
        return msgspec.msgpack.encode(dump)

    @classmethod
    def load(cls, dumped: bytes) -> "Store":
        """The store that `dump` wrote."""
        dump = msgspec.msgpack.decode(dumped, type=_Dump)
        store = cls()
        store._set_selectors(dump.selectors)
        store._catalogue = Catalogue(dump.series, dump.free)
        store._columns.restore(len(dump.series), [_loaded(block) for block in dump.blocks])
        return store


def _dumped(block: Block) -> _BlockDump:
    return _BlockDump(
        retention_ms=block.retention_ms,
        rows=block.rows.astype("<i8").tobytes(),
        seen_ms=block.seen_ms.astype("<i8").tobytes(),
        times_ms=block.times_ms.astype("<i8").tobytes(),
        values=block.values.astype("<f8").tobytes(),
    )


def _loaded(dump: _BlockDump) -> Block:
    rows, seen_ms, times_ms = (
        np.frombuffer(column, "<i8").astype(np.int64) for column in (dump.rows, dump.seen_ms, dump.times_ms)
    )
    values = np.frombuffer(dump.values, "<f8").astype(np.float64).reshape(len(times_ms), len(rows))
    return Block.restored(rows, dump.retention_ms, times_ms, values, seen_ms)
