"""Series by labels over rings of samples: who has which row, how long samples are kept, which rows a selector picks.

No expression is evaluated here.
"""

from collections.abc import Iterable, Sequence
from weakref import WeakValueDictionary

import msgspec
import numpy as np

from engine.promql.arrays import FloatArray, IntArray
from engine.promql.index import Index
from engine.promql.rings import Rings
from engine.promql.selector import LOOKBACK_MS, Matchers, Selector, SelectorIndex, exact_name, metric_name, picks
from schemas.labels import Labels


class Selection:
    """The series that some matchers pick, ordered by labels, as of one version of their metric's family."""

    __slots__ = ("__weakref__", "index", "rows", "version")

    def __init__(self, rows: Sequence[int], labels: Sequence[Labels], version: int) -> None:
        self.rows = np.array(rows, np.int64)
        self.index = Index(labels)
        self.version = version


class _Dump(msgspec.Struct, array_like=True):
    series: list[Labels | None]
    free: list[int]
    selectors: list[Selector]
    columns: list[bytes]
    values: bytes


class Store:
    """The columns that expressions are evaluated over. All times are int milliseconds.

    A row number names its series as long as `version` stays the same: after `expire` a row may serve another series.
    """

    def __init__(self) -> None:
        self.rings = Rings()
        self.version = 0
        self._series: list[Labels | None] = []
        self._row_of: dict[Labels, int] = {}
        self._free: list[int] = []
        self._families: dict[str, dict[int, None]] = {}
        self._family_version: dict[str, int] = {}
        self._set_selectors([])
        # Whoever uses a selection keeps it alive; here it is only found again, by another rule with the same selector.
        self._selections: WeakValueDictionary[Matchers, Selection] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._row_of)

    def labels(self, row: int) -> Labels:
        labels = self._series[row]
        assert labels is not None, f"row {row} is not in use"
        return labels

    def rows(self, series: Sequence[Labels]) -> IntArray:
        """The row of each series; new ones get one."""
        new = [labels for labels in dict.fromkeys(series) if labels not in self._row_of]
        if new:
            self._intern(new)
        return np.array([self._row_of[labels] for labels in series], np.int64)

    def append(self, rows: IntArray, time_ms: int, values: FloatArray) -> None:
        """One scrape; `rows` are distinct, `values` may hold `STALE`.

        A sample older than the newest of its series is put in its place; of two at the same time the first stays; one
        beyond the retention of its series is dropped.
        """
        assert len(rows) == len(values)
        self.rings.append(rows, time_ms, values)

    def retain(self, selectors: Iterable[Selector]) -> None:
        """From now on, keep of each series what the longest window of the selectors over it needs, and at least the
        lookback. What was kept so far is not forgotten at once.
        """
        self._set_selectors(list(selectors))
        for labels, row in self._row_of.items():
            self.rings.retention_ms[row] = self._retention_ms(labels)

    def expire(self, now_ms: int) -> None:
        """Forget the series that have no sample within their retention."""
        over = self.rings.newest_ms <= now_ms - self.rings.retention_ms
        gone = np.array([row for row in np.flatnonzero(over).tolist() if self._series[row] is not None], np.int64)
        if not len(gone):
            return
        self.version += 1
        self.rings.clear(gone)
        for row in gone.tolist():
            self._forget(row)
        self.rings.compact()

    def select(self, matchers: Matchers) -> Selection:
        """The series that all matchers accept. Equal as long as no series of that metric name comes or goes."""
        name = exact_name(matchers)
        version = self.version if name is None else self._family_version.get(name, 0)
        selection = self._selections.get(matchers)
        if selection is None or selection.version != version:
            selection = self._selections[matchers] = self._pick(matchers, name, version)
        return selection

    def _pick(self, matchers: Matchers, name: str | None, version: int) -> Selection:
        candidates: Iterable[int] = self._row_of.values() if name is None else self._families.get(name, ())
        rows = [row for row in candidates if picks(matchers, self.labels(row))]
        rows.sort(key=self.labels)
        return Selection(rows, [self.labels(row) for row in rows], version)

    def _intern(self, series: Sequence[Labels]) -> None:
        self.version += 1
        missing = max(len(series) - len(self._free), 0)
        self._free[:0] = range(len(self._series) + missing - 1, len(self._series) - 1, -1)
        self._series.extend([None] * missing)
        self.rings.add(missing)
        for labels in sorted(series):  # so that what is selected together lies together
            row = self._free.pop()
            self._series[row] = labels
            self._row_of[labels] = row
            self.rings.retention_ms[row] = self._retention_ms(labels)
            self._enter_family(row, metric_name(labels))

    def _forget(self, row: int) -> None:
        labels = self.labels(row)
        self._leave_family(row, metric_name(labels))
        del self._row_of[labels]
        self._series[row] = None
        self._free.append(row)

    def _enter_family(self, row: int, name: str) -> None:
        self._families.setdefault(name, {})[row] = None
        self._family_version[name] = self.version

    def _leave_family(self, row: int, name: str) -> None:
        del self._families[name][row]
        self._family_version[name] = self.version
        if not self._families[name]:
            del self._families[name], self._family_version[name]

    def _retention_ms(self, labels: Labels) -> int:
        return max(self._windows.of(labels), default=LOOKBACK_MS)

    def _set_selectors(self, selectors: list[Selector]) -> None:
        self._selectors = selectors
        self._windows = SelectorIndex((selector, max(selector.window_ms, LOOKBACK_MS)) for selector in selectors)

    def dump(self) -> bytes:
        """Everything, exactly; row numbers too."""
        rings = self.rings
        times_ms, values = rings.samples()
        columns = (rings.depth, rings.size, rings.newest_ms, rings.retention_ms, times_ms)
        dump = _Dump(
            series=self._series,
            free=self._free,
            selectors=self._selectors,
            columns=[column.astype("<i8", copy=False).tobytes() for column in columns],
            values=values.astype("<f8", copy=False).tobytes(),
        )
        return msgspec.msgpack.encode(dump)

    @classmethod
    def load(cls, dumped: bytes) -> "Store":
        """The store that `dump` wrote."""
        dump = msgspec.msgpack.decode(dumped, type=_Dump)
        store = cls()
        store._set_selectors(dump.selectors)
        store._series, store._free = dump.series, dump.free
        store.version = 1
        for row, labels in enumerate(dump.series):
            if labels is not None:
                store._row_of[labels] = row
                store._enter_family(row, metric_name(labels))
        rings = store.rings
        rings.depth, rings.size, rings.newest_ms, rings.retention_ms, times_ms = (
            np.frombuffer(column, "<i8").astype(np.int64) for column in dump.columns
        )
        rings.restore(times_ms, np.frombuffer(dump.values, "<f8").astype(np.float64))
        return store
