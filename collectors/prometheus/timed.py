"""Samples that bring their own time, as partial readings: they do not end when they are no longer exposed.

So it is in Prometheus: their moments are not those of the scrape, and what is absent from one of them says nothing.
"""

from collections.abc import Iterator, Mapping

from collectors.prometheus.known_lines import Page
from schemas.labels import Labels
from schemas.plugins import Samples
from schemas.samples import Metadata


def timed_source(source: str) -> str:
    """The name of the source that a target's timed samples are, beside that of the target itself."""
    return f"{source}:timed"


class TimedSamples:
    """Those of one target."""

    def __init__(self, source: str) -> None:
        self._source = timed_source(source)
        self._series: tuple[Labels, ...] = ()
        self._newest_ms: dict[Labels, int] = {}

    def readings(self, page: Page, about: Mapping[str, Metadata]) -> Iterator[Samples]:
        """One for each time, oldest first, of the samples that are newer than the last one of their series: an exporter
        may show a sample for as long as it likes."""
        before, self._newest_ms = self._newest_ms, {}
        for _, labels, _ in page.timed:
            self._newest_ms[labels] = before.get(labels, -1)
        series = tuple(self._newest_ms)
        self._series = self._series if series == self._series else series
        for time_ms, (at, values) in sorted(self._newer(page).items()):
            yield Samples(time_ms, self._series, values, self._source, at=at, metadata=about)

    def _newer(self, page: Page) -> dict[int, tuple[list[int], list[float]]]:
        """Positions and values by time."""
        positions = {labels: at for at, labels in enumerate(self._series)}
        by_time: dict[int, tuple[list[int], list[float]]] = {}
        for time_ms, labels, value in page.timed:
            if time_ms > self._newest_ms[labels]:
                self._newest_ms[labels] = time_ms
                at, values = by_time.setdefault(time_ms, ([], []))
                at.append(positions[labels])
                values.append(value)
        return by_time
