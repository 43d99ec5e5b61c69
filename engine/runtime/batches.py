"""Readings of one source as batches on the wire: layouts sent now and then, vanished series marked as ended."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from schemas.labels import Labels
from schemas.plugins import Samples
from schemas.samples import LAYOUT_REFRESH_MS, STALE, SampleBatch, layout_digest, pack_values

MOST_SERIES = 10_000
"""In one batch, so that a message that names them all stays far below the server's limit."""

_T = TypeVar("_T")


class Batches:
    """Makes the batches of one source, in the order in which they are to be published."""

    def __init__(self) -> None:
        self._series: tuple[Labels, ...] = ()
        self._layouts: Sequence[str] = ()
        self._named_ms = 0
        self._newest_ms = 0

    def of(self, reading: Samples) -> Iterator[SampleBatch]:
        """The batches of a reading, and before them the end of the series that it no longer has."""
        series = tuple(reading.series)
        late = reading.time_ms < self._newest_ms
        self._newest_ms = max(self._newest_ms, reading.time_ms)
        if series != self._series:
            if not late:
                yield from self._ended(series, reading.time_ms)
            self._series, self._named_ms = series, 0
            self._layouts = [layout_digest(part) for part in _parts(series)]
        named = abs(reading.time_ms - self._named_ms) < LAYOUT_REFRESH_MS
        if not named:
            self._named_ms = reading.time_ms
        for layout, part, values in zip(self._layouts, _parts(series), _parts(reading.values), strict=True):
            yield SampleBatch(
                time_ms=reading.time_ms,
                layout=layout,
                values=pack_values(values),
                series=None if named else list(part),
            )

    def _ended(self, series: Sequence[Labels], time_ms: int) -> Iterator[SampleBatch]:
        present = set(series)
        gone = [labels for labels in self._series if labels not in present]
        for part in _parts(gone):
            values = pack_values([STALE] * len(part))
            yield SampleBatch(time_ms=time_ms, layout=layout_digest(part), values=values, series=list(part))


def _parts(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (items[start : start + MOST_SERIES] for start in range(0, len(items), MOST_SERIES))
