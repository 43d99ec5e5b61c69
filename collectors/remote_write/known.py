"""The series that were pushed, by the bytes of their labels, and where each stands in a layout.

The series of one scrape target share layouts (chunks), which only grow: a scrape arrives split over several requests
whose cut shifts, and a few new series must not change the name of ten thousand. A target that lost a series is
forgotten as a whole at the next look, and what lives of it is learned anew: so no layout holds what is gone, and
nothing in it ever has to be moved.
"""

from collections.abc import Mapping

from collectors.remote_write.about import KnownMetadata
from collectors.remote_write.labels import labels_of
from schemas.labels import METRIC_NAME, Labels
from schemas.samples import Metadata

CHUNK_SERIES = 2_000
CHUNK_BYTES = 1024 * 1024
"""A chunk takes no more series when it has so many, or their labels are so long."""
LOOK_EVERY_MS = 600_000


class TooManySeries(Exception):
    """There is no room for one more series."""


class Chunk:
    """Series of one target in the order in which they came. `seen` are those with a sample since the last look."""

    __slots__ = ("_about", "_layout", "_names", "_version", "seen", "series", "size_bytes")

    def __init__(self) -> None:
        self.series: list[Labels] = []
        self.size_bytes = 0
        self.seen: set[int] = set()
        self._layout: tuple[Labels, ...] = ()
        self._names: set[str] = set()
        self._about: Mapping[str, Metadata] = {}
        self._version = -1

    def add(self, series: Labels, size_bytes: int) -> int:
        """Append a series; its position."""
        self.series.append(series)
        self.size_bytes += size_bytes
        self._names.add(dict(series)[METRIC_NAME])
        self._version = -1
        return len(self.series) - 1

    def is_full(self) -> bool:
        return len(self.series) >= CHUNK_SERIES or self.size_bytes >= CHUNK_BYTES

    def layout(self) -> tuple[Labels, ...]:
        """All of its series: the same object until there are more."""
        if len(self._layout) != len(self.series):
            self._layout = tuple(self.series)
        return self._layout

    def about(self, metadata: KnownMetadata) -> Mapping[str, Metadata]:
        """What is known of its metrics."""
        if self._version != metadata.version:
            self._about, self._version = metadata.of(self._names), metadata.version
        return self._about


Place = tuple[Chunk, int]
"""A series: its chunk and its position there."""


class KnownSeries:
    """At most `limit` series. `places` goes by the run of label fields as it stands in a request."""

    def __init__(self, limit: int) -> None:
        self.places: dict[bytes, Place] = {}
        self._limit = limit
        self._targets: dict[tuple[str, str], list[Chunk]] = {}
        self._looked_ms = 0

    def learn(self, run: bytes) -> Place:
        """The place of a series whose labels were not seen in these bytes. Raises `Malformed` or `TooManySeries`."""
        series, own_run = labels_of(run)
        place = self.places.get(own_run) or self._place(series, own_run)
        if run != own_run:
            self._remember(run, place)
        return place

    def _place(self, series: Labels, run: bytes) -> Place:
        self._check_room()
        labels = dict(series)
        chunks = self._targets.setdefault((labels.get("job", ""), labels.get("instance", "")), [])
        if not chunks or chunks[-1].is_full():
            chunks.append(Chunk())
        place = chunks[-1], chunks[-1].add(series, len(run))
        self._remember(run, place)
        return place

    def _remember(self, run: bytes, place: Place) -> None:
        self._check_room()
        self.places[run] = place

    def _check_room(self) -> None:
        if len(self.places) >= self._limit:
            raise TooManySeries(f"{self._limit} series are known (max_series), and there is one more")

    def forget(self, now_ms: int) -> None:
        """Now and then, forget the targets of which a series was not seen since the last look."""
        if abs(now_ms - self._looked_ms) < LOOK_EVERY_MS:
            return
        self._looked_ms = now_ms
        gone: set[Chunk] = set()
        for target, chunks in list(self._targets.items()):
            if any(len(chunk.seen) < len(chunk.series) for chunk in chunks):
                gone.update(self._targets.pop(target))
            for chunk in chunks:
                chunk.seen.clear()
        if gone:
            self.places = {run: place for run, place in self.places.items() if place[0] not in gone}
