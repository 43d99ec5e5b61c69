"""Reading what was pushed: every encoding, every mistake, and what is kept of it."""

import random
import struct
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.remote_write.about import KnownMetadata
from collectors.remote_write.known import CHUNK_BYTES, CHUNK_SERIES, LOOK_EVERY_MS, KnownSeries, TooManySeries
from collectors.remote_write.protobuf import Malformed
from collectors.remote_write.request import Push, read
from schemas.labels import Labels, canonical
from schemas.samples import STALE, Metadata, is_stale
from tests.collectors.remote_write.wire import Series, holding, label, metadata, number, request, sample, series

TIME_MS = 1_700_000_000_000
UP = {"__name__": "up", "instance": "a:1", "job": "shop"}

Bits = tuple[Labels, int, bytes]


def bits(push: Push) -> Counter[Bits]:
    """Every sample of a push: series, time, and the value's bytes."""
    return Counter(
        (column.chunk.layout()[at], column.time_ms, value)
        for column in push.columns
        for at, value in zip(column.at, column.values, strict=True)
    )


def sent_bits(sent: Iterable[Series]) -> Counter[Bits]:
    return Counter(
        (canonical(labels), time_ms, struct.pack("<d", value)) for labels, samples in sent for time_ms, value in samples
    )


def many(count: int, time_ms: int = TIME_MS, **labels: str) -> list[Series]:
    return [({**UP, **labels, "path": f"/{at}"}, [(time_ms, float(at))]) for at in range(count)]


@pytest.mark.parametrize("value", [0.0, 1.0, -1.5, float("inf"), float("nan"), STALE])
@pytest.mark.parametrize("time_ms", [0, 1, TIME_MS, 2**42, 2**53])
def test_a_sample_keeps_its_bits(value: float, time_ms: int) -> None:
    """Whatever the value and the time, and whether the series was known or not; a staleness marker stays one."""
    known = KnownSeries(10)
    for _ in range(2):
        push = read(request((UP, [(time_ms, value)])), known)
        assert bits(push) == sent_bits([(UP, [(time_ms, value)])])
        (column,) = push.columns
        assert is_stale(struct.unpack("<d", column.values[0])[0]) == is_stale(value)


def test_a_known_series_is_not_looked_into() -> None:
    """Its labels are recognised as they stand, so they are the very objects that were learned."""
    known = KnownSeries(10)
    sent = many(5)
    first, second = (read(request(*sent), known) for _ in range(2))
    assert first.columns[0].chunk.layout() is second.columns[0].chunk.layout()
    assert len(known.places) == 5


def test_several_samples_of_a_series_are_several_columns() -> None:
    """Oldest first, whatever the order in the request; of the same time the first counts."""
    sent = [(UP, [(3000, 3.0), (1000, 1.0), (2000, 2.0), (1000, 9.0)])]
    push = read(request(*sent), KnownSeries(10))
    assert [(column.time_ms, column.values) for column in push.columns] == [
        (1000, [struct.pack("<d", 1.0)]),
        (2000, [struct.pack("<d", 2.0)]),
        (3000, [struct.pack("<d", 3.0)]),
    ]


def test_the_order_of_fields_does_not_matter() -> None:
    """Unknown fields are passed over, labels may follow samples, and other encodings are the same series."""
    known = KnownSeries(10)
    usual = read(request((UP, [(TIME_MS, 1.0)])), known)
    labels = [label(name, value) for name, value in sorted(UP.items())]
    padded = labels[0] + holding(9, b"?") + b"".join(labels[1:]) + label("zone", "")
    other = read(holding(1, sample(TIME_MS, 1.0) + padded + b"\x79" + bytes(8)) + b"\x7d" + bytes(4), known)
    assert bits(other) == bits(usual)
    assert other.columns[0].chunk is usual.columns[0].chunk


def test_what_is_not_kept_is_counted() -> None:
    """Exemplars and native histograms; a series that has nothing else is not even known."""
    known = KnownSeries(10)
    exemplar, histogram = holding(3, b""), holding(4, b"")
    data = series(UP, [(TIME_MS, 1.0)], exemplar * 2) + series({**UP, "a": "b"}, [], histogram * 3)
    push = read(data, known)
    assert (push.exemplars, push.histograms, len(known.places)) == (2, 3, 1)
    assert bits(push) == sent_bits([(UP, [(TIME_MS, 1.0)])])


def test_metadata_is_read() -> None:
    """By the name of the family, and found for the metrics that belong to it."""
    push = read(
        metadata(1, "requests", "Requests.", "things") + metadata(3, "seconds", "Time.") + metadata(99, "x", ""),
        KnownSeries(1),
    )
    assert push.metadata == {
        "requests": Metadata("counter", "Requests.", "things"),
        "seconds": Metadata("histogram", "Time."),
        "x": Metadata("unknown", ""),
    }
    known = KnownMetadata()
    known.update(push.metadata)
    version = known.version
    known.update(push.metadata)
    assert known.version == version
    assert set(known.of(["requests_total", "seconds_bucket", "y"])) == {"requests", "seconds"}


LABEL = label("__name__", "m")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x0a\x05\x0a", "byte 0: field 1 is longer than what holds it"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "byte 1: expected a number, got one that does not end"),
        (b"\x00\x01", "byte 0: expected a field, got number 0"),
        (b"\x0b", "byte 0: field 1 has the unknown wire type 3"),
        (b"\x08\x01", "byte 0: timeseries: expected wire type 2, got 0"),
        (holding(1, LABEL + b"\x10\x01"), "a part of a series: expected wire type 2, got 0"),
        (holding(1, LABEL + holding(2, b"\x08\x01")), "value: expected wire type 1, got 0"),
        (holding(1, LABEL + holding(2, b"\x10" + number(-1))), "timestamp: expected milliseconds since 1970, got -1"),
        (series({"a": "b"}, [(1, 1.0)]), 'labels: expected __name__ among "[\'a\']"'),
        (series({"": "b", "__name__": "m"}, [(1, 1.0)]), "labels: expected a name, got an empty one"),
        (holding(1, LABEL + LABEL + sample(1, 1.0)), 'each once; "__name__" stands twice'),
        (holding(1, label("z", "y") + LABEL + sample(1, 1.0)), 'each once; "__name__" stands after "z"'),
        (holding(1, label("__name__", b"\xff") + sample(1, 1.0)), "label value: expected UTF-8"),
        (series({"__name__": "m" * 70_000}, [(1, 1.0)]), "the labels of a series are 70018 bytes long"),
        (holding(3, holding(2, b"\xff")), "byte 4: metadata: expected UTF-8"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(data: bytes, why: str) -> None:
    """With its place, so that whoever wrote the sender can find it."""
    with pytest.raises(Malformed) as raised:
        read(data, KnownSeries(10))
    assert why in str(raised.value)


def test_the_series_of_a_target_share_layouts_that_grow() -> None:
    """New ones fill the newest layout up to its bound; the full ones stay as they are."""
    known = KnownSeries(10_000)
    full, rest = read(request(*many(CHUNK_SERIES + 3)), known).columns
    before = full.chunk.layout()
    (more,) = read(request(*many(5, env="new")), known).columns
    assert more.chunk is rest.chunk
    assert (len(before), len(more.chunk.layout())) == (CHUNK_SERIES, 8)
    assert full.chunk.layout() is before


def test_targets_have_layouts_of_their_own() -> None:
    """By job and instance; what has neither is together too."""
    sent = [*many(2), *many(2, instance="b:1"), *many(2, job="x"), ({"__name__": "rule"}, [(TIME_MS, 1.0)])]
    assert [len(column.at) for column in read(request(*sent), KnownSeries(100)).columns] == [2, 2, 2, 1]


def test_more_series_than_allowed_are_refused() -> None:
    """The known ones still come through."""
    known = KnownSeries(3)
    with pytest.raises(TooManySeries):
        read(request(*many(4)), known)
    assert bits(read(request(*many(3)), known)) == sent_bits(many(3))


def test_series_that_are_gone_are_forgotten() -> None:
    """Those of a target that lost one, at the second look after; the living are learned anew in a layout without it."""
    known = KnownSeries(100)
    known.forget(TIME_MS)
    steady = many(3, instance="b:1")
    read(request(*many(3), *steady), known)
    known.forget(TIME_MS + LOOK_EVERY_MS)
    assert len(known.places) == 6
    (_, before) = read(request(*many(2), *steady), known).columns
    known.forget(TIME_MS + LOOK_EVERY_MS + 1)
    assert len(known.places) == 6
    known.forget(TIME_MS + 2 * LOOK_EVERY_MS)
    assert len(known.places) == 3
    anew, same = read(request(*many(2), *steady), known).columns
    assert len(anew.chunk.layout()) == 2
    assert same.chunk is before.chunk


names = st.sampled_from(["a", "b", "job", "instance", "é", "path"])
label_sets = st.dictionaries(names, st.text(st.characters(exclude_categories=["Cs"]), max_size=4), max_size=4).map(
    lambda labels: {"__name__": "m", **labels}
)
times = st.sampled_from([0, 5, TIME_MS, TIME_MS + 15_000, 2**50])
samples = st.lists(st.tuples(times, st.floats(allow_nan=True)), max_size=3, unique_by=lambda each: each[0])


@given(st.lists(st.tuples(label_sets, samples), max_size=8), st.data())
def test_whatever_is_sent_is_read_however_it_is_split(sent: list[Series], data: st.DataObject) -> None:
    """Once each, over any number of requests, known or new."""
    unique = list({canonical(labels): (labels, given_samples) for labels, given_samples in sent}.values())
    known = KnownSeries(100)
    for _ in range(2):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(unique)), max_size=3)))
        pieces = [unique[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(unique)], strict=True)]
        received: Counter[Bits] = Counter()
        for piece in pieces:
            received += bits(read(request(*piece), known))
        assert received == sent_bits(unique)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_malformed(data: bytes) -> None:
    """Nothing else is ever raised."""
    _read_or_refused(data, KnownSeries(10))


def test_a_damaged_request_is_read_or_malformed() -> None:
    """Bytes changed, cut out or doubled; series that are known beforehand do not make a difference to what is read."""
    chance = random.Random(1)
    whole = request(*many(3), (UP, [(TIME_MS, 0.0), (5, 1.0)])) + metadata(1, "up", "Up.")
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            at, length = chance.randrange(len(data)), chance.randint(0, 4)
            data[at : at + length] = chance.randbytes(chance.randint(0, 4))
        fresh, taught = KnownSeries(100), KnownSeries(100)
        read(whole, taught)
        assert _read_or_refused(bytes(data), taught) == _read_or_refused(bytes(data), fresh)


def _read_or_refused(data: bytes, known: KnownSeries) -> Counter[Bits] | str:
    try:
        return bits(read(data, known))
    except Malformed as error:
        return str(error)


def test_a_chunk_with_long_labels_has_fewer_series() -> None:
    """So that a layout fits into a message whatever its labels are."""
    known = KnownSeries(1000)
    long = [({**UP, "path": f"{at}" + "x" * 60_000}, [(TIME_MS, 1.0)]) for at in range(40)]
    sizes = [column.chunk.size_bytes for column in read(request(*long), known).columns]
    assert len(sizes) > 1
    assert max(sizes) < CHUNK_BYTES + 64 * 1024
