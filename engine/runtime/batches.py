"""Readings of one source as batches on the wire: layouts sent now and then, vanished series marked as ended."""

from collections.abc import Iterator, Sequence

from schemas.labels import Labels
from schemas.plugins import Samples
from schemas.samples import LAYOUT_REFRESH_MS, STALE, SampleBatch, layout_digest, pack_values


class Batches:
    """Makes the batches of one source, in the order in which they are to be published."""

    def __init__(self) -> None:
        self._series: Sequence[Labels] = ()
        self._layout = ""
        self._named_ms = 0
        self._newest_ms = 0

    def of(self, reading: Samples) -> Iterator[SampleBatch]:
        """The batch of a reading, and before it the end of the series that it no longer has."""
        series = tuple(reading.series)
        late = reading.time_ms < self._newest_ms
        if series != self._series:
            if not late:
                yield from self._ended(series, reading.time_ms)
            self._series, self._layout, self._named_ms = series, layout_digest(series), 0
        self._newest_ms = max(self._newest_ms, reading.time_ms)
        if series:
            yield self._batch(reading)

    def _batch(self, reading: Samples) -> SampleBatch:
        named = abs(reading.time_ms - self._named_ms) < LAYOUT_REFRESH_MS
        if not named:
            self._named_ms = reading.time_ms
        return SampleBatch(
            time_ms=reading.time_ms,
            layout=self._layout,
            values=pack_values(reading.values),
            series=None if named else list(self._series),
        )

    def _ended(self, series: Sequence[Labels], time_ms: int) -> Iterator[SampleBatch]:
        present = set(series)
        gone = [labels for labels in self._series if labels not in present]
        if gone:
            values = pack_values([STALE] * len(gone))
            yield SampleBatch(time_ms=time_ms, layout=layout_digest(gone), values=values, series=gone)
