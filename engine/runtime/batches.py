"""Readings of one source as batches on the wire: layouts sent now and then, vanished series marked as ended."""

from collections.abc import Callable, Iterator, Sequence

from engine.runtime.partial import PartialBatches
from engine.runtime.parts import cuts
from engine.runtime.publishing import now_ms as this_clock
from schemas.labels import Labels
from schemas.plugins import Samples
from schemas.samples import LAYOUT_REFRESH_MS, STALE, SampleBatch, layout_digest, pack_values


class Batches:
    """Makes the batches of one source, in the order in which they are to be published."""

    def __init__(self, now_ms: Callable[[], int] = this_clock) -> None:
        self._series: tuple[Labels, ...] = ()
        self._places: Sequence[slice] = ()
        self._layouts: Sequence[str] = ()
        self._named_ms = 0
        self._newest_ms = 0
        self._partial = PartialBatches(now_ms)

    def of(self, reading: Samples) -> Iterator[SampleBatch]:
        """The batches of a reading, and before them the end of the series that it no longer has."""
        return self._whole(reading) if reading.at is None else self._partial.of(reading)

    def _whole(self, reading: Samples) -> Iterator[SampleBatch]:
        series = tuple(reading.series)
        late = reading.time_ms < self._newest_ms
        self._newest_ms = max(self._newest_ms, reading.time_ms)
        if series != self._series:
            if not late:
                yield from self._ended(series, reading.time_ms)
            self._series, self._named_ms = series, 0
            self._places = cuts(series)
            self._layouts = [layout_digest(series[place]) for place in self._places]
        named = abs(reading.time_ms - self._named_ms) < LAYOUT_REFRESH_MS
        if not named:
            self._named_ms = reading.time_ms
        metadata = None if named or not reading.metadata else dict(reading.metadata)
        for layout, place in zip(self._layouts, self._places, strict=True):
            yield SampleBatch(
                time_ms=reading.time_ms,
                layout=layout,
                values=pack_values(reading.values[place]),
                series=None if named else list(series[place]),
                metadata=metadata,
            )
            metadata = None  # once is enough

    def _ended(self, series: Sequence[Labels], time_ms: int) -> Iterator[SampleBatch]:
        present = set(series)
        gone = [labels for labels in self._series if labels not in present]
        for part in (gone[place] for place in cuts(gone)):
            values = pack_values([STALE] * len(part))
            yield SampleBatch(time_ms=time_ms, layout=layout_digest(part), values=values, series=part)
