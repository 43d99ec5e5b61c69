"""The input series of a group as scrapes, one for each interval, and a store that forgets none of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, zip_longest

from engine.promql import Selector, Store
from engine.ruletest.model import UnitTestGroup
from schemas.labels import Labels

FOREVER_MS = 2**53


@dataclass(frozen=True, slots=True)
class Scrape:
    """The samples of one moment: `values[i]` belongs to `series[i]`."""

    time_ms: int
    series: Sequence[Labels]
    values: Sequence[float]


class Scrapes:
    """What the series of a group say, moment by moment, taken as time goes on."""

    def __init__(self, group: UnitTestGroup, interval_ms: int) -> None:
        # Of two with the same labels the last one counts, as in promtool.
        columns = {series.labels: series.values for series in group.input_series}
        self._series = list(columns)
        self._rows = zip_longest(*map(chain.from_iterable, columns.values()))
        self._time_ms = count(group.start_ms, interval_ms)
        self._next = self._take()

    @property
    def next_ms(self) -> int | None:
        """When the next one is; None after the last."""
        return self._next.time_ms if self._next else None

    def until(self, now_ms: int) -> Iterator[Scrape]:
        """Those up to now that were not taken before."""
        while self._next and self._next.time_ms <= now_ms:
            yield self._next
            self._next = self._take()

    def _take(self) -> Scrape | None:
        row = next(self._rows, None)
        if row is None:
            return None
        there = {labels: value for labels, value in zip(self._series, row, strict=True) if value is not None}
        return Scrape(next(self._time_ms), list(there), list(there.values()))


def keep_everything(store: Store) -> None:
    """Cases look back as far as they like, so nothing is ever too old."""
    store.retain([Selector((), range_ms=FOREVER_MS)])
