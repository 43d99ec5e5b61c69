"""The parts that a reading is sent in where it has more series than one message may name."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from schemas.labels import Labels
from schemas.plugins import Samples

MOST_SERIES = 10_000
"""In one batch, so that a message that names them all stays far below the server's limit."""

_T = TypeVar("_T")

Part = tuple[Sequence[Labels], Sequence[int], Sequence[float]]
"""Series, the positions among them that have a sample, and these samples."""


def parts(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """`items` in their order, at most `MOST_SERIES` at a time."""
    return (items[start : start + MOST_SERIES] for start in range(0, len(items), MOST_SERIES))


def partial_parts(reading: Samples) -> Iterator[tuple[int, Part]]:
    """The parts of a partial reading that have samples, each with its number."""
    assert reading.at is not None
    if len(reading.series) <= MOST_SERIES:
        yield 0, (reading.series, reading.at, reading.values)
        return
    places: dict[int, tuple[list[int], list[float]]] = {}
    for position, value in zip(reading.at, reading.values, strict=True):
        number, within = divmod(position, MOST_SERIES)
        at, values = places.setdefault(number, ([], []))
        at.append(within)
        values.append(value)
    for number, (at, values) in sorted(places.items()):
        yield number, (reading.series[number * MOST_SERIES : (number + 1) * MOST_SERIES], at, values)
