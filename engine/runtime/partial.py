"""Partial readings as batches: several layouts beside each other, each named now and then, nothing ever ended.

What is pushed to us comes as it comes: a scrape in several pieces whose cut shifts, old samples after new ones. So here
a layout is all series that may have samples, and a batch says which of them have.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from engine.runtime.parts import cuts, partial_parts
from schemas.labels import Labels
from schemas.plugins import Samples
from schemas.samples import LAYOUT_REFRESH_MS, SampleBatch, layout_digest, pack_positions, pack_values


@dataclass(slots=True)
class _Layout:
    """The layouts of one `series`, by the number of the part. Holding `series` keeps its identity from being reused."""

    series: object
    places: Sequence[slice]
    used_ms: int = 0
    digests: dict[int, str] = field(default_factory=dict)
    named_ms: dict[int, int] = field(default_factory=dict)


class PartialBatches:
    """Makes the batches of one source's partial readings."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._layouts: dict[int, _Layout] = {}
        self._swept_ms = 0

    def of(self, reading: Samples) -> Iterator[SampleBatch]:
        """The batches of a reading, one for each layout that has samples in it."""
        now_ms = self._now_ms()
        self._forget(now_ms)
        layout = self._layout(reading.series)
        layout.used_ms = now_ms
        for number, (series, at, values) in partial_parts(reading, layout.places):
            if number not in layout.digests:
                layout.digests[number] = layout_digest(series)
            named = self._name(layout, number, reading.time_ms, now_ms)
            names: list[Labels] | None = list(series) if named else None
            yield SampleBatch(
                time_ms=reading.time_ms,
                layout=layout.digests[number],
                values=pack_values(values),
                series=names,
                at=_positions(at, len(series)),
                metadata=dict(reading.metadata) if named and reading.metadata else None,
            )

    def _layout(self, series: Sequence[Labels]) -> _Layout:
        if id(series) not in self._layouts:
            self._layouts[id(series)] = _Layout(series, cuts(series))
        return self._layouts[id(series)]

    @staticmethod
    def _name(layout: _Layout, number: int, time_ms: int, now_ms: int) -> bool:
        """Whether to name the series of a part now. Old samples always bear their names: readers forget a layout by
        the age of its samples, and may have done so between two of them."""
        named_ms, time_ms = layout.named_ms.get(number, 0), min(time_ms, now_ms)
        if now_ms - time_ms < LAYOUT_REFRESH_MS and abs(time_ms - named_ms) < LAYOUT_REFRESH_MS:
            return False
        layout.named_ms[number] = max(named_ms, time_ms)
        return True

    def _forget(self, now_ms: int) -> None:
        """Let go of what was not used for a while, now and then."""
        if abs(now_ms - self._swept_ms) > LAYOUT_REFRESH_MS:
            old_ms, self._swept_ms = self._swept_ms, now_ms
            self._layouts = {key: layout for key, layout in self._layouts.items() if layout.used_ms >= old_ms}


def _positions(at: Sequence[int], count: int) -> bytes | None:
    """None where every series of the layout has a sample, in its order: a message that is smaller and read faster."""
    return None if len(at) == count and list(at) == list(range(count)) else pack_positions(at)
