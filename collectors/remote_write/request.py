"""One push, taken apart: a `prometheus.WriteRequest` into columns of samples. Pure but for what `known` learns.

Prometheus sends a series as its labels and one sample, and nearly always one that we know: then the bytes of its labels
are looked up as they stand, and of the sample the eight bytes of its value are cut out. Whatever does not look like
that goes the long way, field by field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from collectors.remote_write.about import metadata_of
from collectors.remote_write.known import Chunk, KnownSeries
from collectors.remote_write.protobuf import (
    DELIMITED,
    FIXED64,
    VARINT,
    Field,
    Malformed,
    expect,
    fields,
    signed,
    varint,
)
from collectors.remote_write.protobuf import field as field_at
from schemas.samples import Metadata

_TIMESERIES, _METADATA = 1, 3
_LABEL, _SAMPLE, _EXEMPLAR, _HISTOGRAM = 1, 2, 3, 4
_VALUE, _TIMESTAMP = 1, 2

_SERIES_TAG = 0x0A
_SAMPLE_HEAD = b"\x12\x10\x09"
"""Of a sample of 16 bytes: a value of eight, then a timestamp of six."""
_ZERO_HEAD = b"\x12\x07"
"""Of a sample of 7 bytes: a value of 0 is left out."""
_STAMP_BYTES = 7
"""A timestamp with its tag: six bytes hold the milliseconds of the years 1971 to 2109."""
_SAMPLE_BYTES = len(_SAMPLE_HEAD) + 8 + _STAMP_BYTES
_ZERO_BYTES = len(_ZERO_HEAD) + _STAMP_BYTES
_ZERO = bytes(8)


@dataclass(slots=True)
class Column:
    """The samples of one chunk at one time: `values[i]`, eight bytes, is that of the series at `at[i]`."""

    chunk: Chunk
    time_ms: int
    at: list[int] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)

    def once(self) -> None:
        """Leave of a series that stands twice the first sample, as Prometheus does."""
        if len(set(self.at)) < len(self.at):
            first = dict(zip(reversed(self.at), reversed(self.values), strict=True))
            self.at, self.values = list(first), list(first.values())


@dataclass(slots=True)
class Push:
    """What a request holds. `columns` are in the order of their times."""

    columns: list[Column]
    metadata: Mapping[str, Metadata]
    exemplars: int
    histograms: int


def read(data: bytes, known: KnownSeries) -> Push:
    """Raises `Malformed` or `TooManySeries`; of such a request nothing is used, though what it taught stays known."""
    return _Reader(data, known).read()


class _Reader:
    def __init__(self, data: bytes, known: KnownSeries) -> None:
        self._data = data
        self._known = known
        self._columns: dict[tuple[Chunk, int], Column] = {}
        self._times: dict[bytes, int] = {}
        self._metadata: dict[str, Metadata] = {}
        self._exemplars = 0
        self._histograms = 0

    def read(self) -> Push:
        at, size = 0, len(self._data)
        while (at := self._known_series(at)) < size:
            at = self._any_field(at, size)
        columns = sorted(self._columns.values(), key=lambda column: column.time_ms)
        for column in columns:
            column.once()
            column.chunk.seen.update(column.at)
        return Push(columns, self._metadata, self._exemplars, self._histograms)

    def _known_series(self, at: int) -> int:
        """Read known series with one sample each, from `at` on; where something else stands.

        The one loop that runs for every sample, so it calls nothing that it need not. What it takes is a known run of
        label fields and one whole sample, so it cannot be read in another way.
        """
        data, place_of, chunk, stamp = self._data, self._known.places.get, None, b""
        take_position, take_value = [].append, [].append  # type: ignore[var-annotated]
        try:
            while data[at] == _SERIES_TAG:
                low, high = data[at + 1], data[at + 2]
                start, stop = (at + 2, at + 2 + low) if low < 0x80 else (at + 3, at + 3 + (low & 0x7F | high << 7))
                if low > 0x7F < high or stop < _SAMPLE_BYTES:
                    return at
                cut = stop - _SAMPLE_BYTES
                if data[cut : cut + 3] == _SAMPLE_HEAD and (place := place_of(data[start:cut])):
                    value = data[cut + 3 : cut + 11]
                elif data[stop - _ZERO_BYTES : stop - _STAMP_BYTES] == _ZERO_HEAD and (
                    place := place_of(data[start : stop - _ZERO_BYTES])
                ):
                    value = _ZERO
                else:
                    return at
                if place[0] is not chunk or data[stop - _STAMP_BYTES : stop] != stamp:
                    chunk, stamp = place[0], data[stop - _STAMP_BYTES : stop]
                    time_ms = self._time_ms(stamp)
                    if time_ms is None:
                        return at
                    column = self._column(chunk, time_ms)
                    take_position, take_value = column.at.append, column.values.append
                take_position(place[1])
                take_value(value)
                at = stop
        except IndexError:
            pass  # the end of the request
        return at

    def _time_ms(self, stamp: bytes) -> int | None:
        """The milliseconds of a timestamp field, None if it is not one of the usual length."""
        if stamp not in self._times:
            if len(stamp) != _STAMP_BYTES or stamp[0] != _TIMESTAMP << 3 or stamp[-1] > 0x7F or min(stamp[1:-1]) < 0x80:
                return None
            self._times[stamp], _ = varint(stamp, 1, _STAMP_BYTES)
        return self._times[stamp]

    def _column(self, chunk: Chunk, time_ms: int) -> Column:
        column = self._columns.get((chunk, time_ms))
        if column is None:
            column = self._columns[chunk, time_ms] = Column(chunk, time_ms)
        return column

    def _any_field(self, at: int, size: int) -> int:
        found = field_at(self._data, at, size)
        if found.number == _TIMESERIES:
            expect(found, DELIMITED, "timeseries")
            self._series(found)
        elif found.number == _METADATA:
            expect(found, DELIMITED, "metadata")
            family, metadata = metadata_of(self._data, found.start, found.stop)
            self._metadata[family] = metadata
        return found.stop

    def _series(self, series: Field) -> None:
        """Any series: any number of samples, its fields in any order."""
        labels, samples = [], []
        for found in fields(self._data, series.start, series.stop):
            if found.number <= _HISTOGRAM:
                expect(found, DELIMITED, "a part of a series")
            if found.number == _LABEL:
                labels.append(self._data[found.begin : found.stop])
            elif found.number == _SAMPLE:
                samples.append(self._sample(found))
            elif found.number == _EXEMPLAR:
                self._exemplars += 1
            elif found.number == _HISTOGRAM:
                self._histograms += 1
        if samples:
            self._take(b"".join(labels), samples)

    def _take(self, run: bytes, samples: list[tuple[int, bytes]]) -> None:
        chunk, position = self._known.places.get(run) or self._known.learn(run)
        for time_ms, value in samples:
            column = self._column(chunk, time_ms)
            column.at.append(position)
            column.values.append(value)

    def _sample(self, sample: Field) -> tuple[int, bytes]:
        """Time and value."""
        value, time_ms = _ZERO, 0
        for found in fields(self._data, sample.start, sample.stop):
            if found.number == _VALUE:
                expect(found, FIXED64, "value")
                value = self._data[found.start : found.stop]
            elif found.number == _TIMESTAMP:
                expect(found, VARINT, "timestamp")
                time_ms = signed(varint(self._data, found.start, found.stop)[0])
        if time_ms < 0:
            raise Malformed(f"timestamp: expected milliseconds since 1970, got {time_ms}")
        return time_ms, value
