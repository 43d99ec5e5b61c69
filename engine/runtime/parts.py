"""The parts that a reading is sent in where it has more series than one message may name."""

from collections.abc import Iterator, Sequence

import msgspec

from schemas.labels import Labels
from schemas.plugins import Samples

MOST_SERIES = 10_000
"""In one batch."""
MOST_BYTES = 4 * 1024 * 1024
"""Of the label sets in one batch, so that a message that names them all stays below the server's limit."""

Part = tuple[Sequence[Labels], Sequence[int], Sequence[float]]
"""Series, the positions among them that have a sample, and these samples."""


def cuts(series: Sequence[Labels]) -> list[slice]:
    """Where to cut `series`, so that each part may be named in one message; no part is empty."""
    found = []
    start = size_bytes = 0
    for at, labels in enumerate(series):
        own_bytes = len(msgspec.msgpack.encode(labels))
        if at > start and (at - start >= MOST_SERIES or size_bytes + own_bytes > MOST_BYTES):
            found.append(slice(start, at))
            start, size_bytes = at, 0
        size_bytes += own_bytes
    return [*found, slice(start, len(series))] if series else []


def partial_parts(reading: Samples, places: Sequence[slice]) -> Iterator[tuple[int, Part]]:
    """The parts of a partial reading that have samples, each with its number. `places` are the cuts of its series."""
    assert reading.at is not None
    if len(places) == 1:
        yield 0, (reading.series, reading.at, reading.values)
        return
    values = dict(zip(reading.at, reading.values, strict=True))
    for number, place in enumerate(places):
        if at := [position for position in values if place.start <= position < place.stop]:
            within = [position - place.start for position in at]
            yield number, (reading.series[place], within, [values[position] for position in at])
