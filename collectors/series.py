"""From what was measured to samples, with every label set built once.

A steady source measures the same series each time. Sorting and merging their labels anew would be most of the cost of
a scrape, so the canonical form of a series is kept for as long as it goes on being measured.
"""

from collections.abc import Iterable, Mapping

from schemas.labels import METRIC_NAME, Labels, canonical
from schemas.plugins import Samples

Pairs = tuple[tuple[str, str], ...]
"""Labels as a measurement states them: in any order, without the metric name and without what the source adds."""

Metric = tuple[str, Pairs, float]
"""One measurement: metric name, labels, value."""


class SeriesCache:
    """Makes the samples of one source; `common` are labels that all of its series bear."""

    def __init__(self, common: Mapping[str, str]) -> None:
        self._common = dict(common)
        self._known: dict[tuple[str, Pairs], Labels] = {}

    def samples(self, time_ms: int, metrics: Iterable[Metric], source: str | None = None) -> Samples:
        """The scrape taken at `time_ms`. Series that it lacks are forgotten; of one measured twice the last counts."""
        known, self._known = self._known, {}
        values = {}
        for name, pairs, value in metrics:
            key = name, pairs
            self._known[key] = known.get(key) or canonical({**self._common, **dict(pairs), METRIC_NAME: name})
            values[key] = value
        return Samples(time_ms, tuple(self._known.values()), tuple(values.values()), source)
