"""Readings to batches: what is named when, and that a partial reading says exactly what it was given."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.batches import Batches
from engine.runtime.parts import MOST_SERIES
from engine.runtime.server_config import MAX_PAYLOAD_BYTES
from schemas.codec import decode, encode
from schemas.labels import MOST_LABEL_BYTES, Labels
from schemas.plugins import Samples
from schemas.samples import LAYOUT_REFRESH_MS, Metadata, SampleBatch, unpack_positions, unpack_values

START_MS = 1_700_000_000_000
SERIES: tuple[Labels, ...] = tuple((("__name__", f"m{number}"),) for number in range(5))
MANY: tuple[Labels, ...] = tuple((("__name__", f"m{number:05}"),) for number in range(2 * MOST_SERIES + 1))
ABOUT = {"m1": Metadata("gauge", "How many.")}


def batches_at(now_ms: int = START_MS) -> Batches:
    return Batches(lambda: now_ms)


def partial(series: Sequence[Labels], at: Sequence[int], time_ms: int = START_MS) -> Samples:
    return Samples(time_ms, series, [float(position) for position in at], at=at, metadata=ABOUT)


class Reader:
    """Reads batches as one does who keeps the layouts that were named."""

    def __init__(self) -> None:
        self._layouts: dict[str, list[Labels]] = {}

    def read(self, batch: SampleBatch) -> dict[Labels, float]:
        received = decode("ops.metrics.n.s", encode(batch))
        assert isinstance(received, SampleBatch)
        if received.series is not None:
            self._layouts[received.layout] = received.series
        series = self._layouts[received.layout]
        values = unpack_values(received.values)
        at = range(len(series)) if received.at is None else unpack_positions(received.at)
        return {series[position]: value for position, value in zip(at, values, strict=True)}


def named(batches: Batches, *readings: Samples) -> list[bool]:
    return [batch.series is not None for reading in readings for batch in batches.of(reading)]


def test_a_partial_reading_ends_nothing() -> None:
    """Series without a sample are merely absent, and no layout is named twice for them."""
    batches, reader = batches_at(), Reader()
    readings = [partial(SERIES, at) for at in ([0, 1, 2], [3, 4], [4])]
    read = [[reader.read(batch) for batch in batches.of(reading)] for reading in readings]
    assert read == [[{SERIES[at]: float(at) for at in reading.at or ()}] for reading in readings]
    assert named(batches, *readings) == [False, False, False]


def test_a_partial_reading_leaves_whole_ones_alone() -> None:
    """A source may have both: what a whole reading lacks has ended, whatever came in between."""
    batches = batches_at()
    whole = Samples(START_MS, SERIES[:2], [1.0, 2.0])
    assert named(batches, whole, partial(SERIES[3:], [0]), whole) == [True, True, False]


def test_layouts_stand_beside_each_other() -> None:
    """Each is named when it is new, and again after a minute; a time that is yet to come counts as now."""
    now_ms = [START_MS]
    batches = Batches(lambda: now_ms[0])
    at_once = [partial(each, [0]) for each in (SERIES, MANY)]
    later = [partial(each, [0], START_MS + LAYOUT_REFRESH_MS) for each in (SERIES, MANY)]
    assert named(batches, *at_once, *at_once) == [True, True, False, False]
    assert named(batches, *later) == [False, False]
    now_ms[0] += LAYOUT_REFRESH_MS
    assert named(batches, *later, *later) == [True, True, False, False]


def test_old_samples_always_bear_their_names() -> None:
    """Who reads forgets a layout whose samples are old, and what is old must not cost the fresh samples their name."""
    batches = batches_at()
    old = partial(SERIES, [0], START_MS - LAYOUT_REFRESH_MS)
    assert named(batches, partial(SERIES, [0]), old, partial(SERIES, [1]), old) == [True, True, False, True]


def test_a_part_that_is_the_whole_needs_no_positions() -> None:
    """Whoever reads it has the samples in the order of the layout; in another order they must be told."""
    readings = [partial(SERIES, at) for at in ([0, 1, 2, 3, 4], [4, 1, 2, 3, 0], [0, 1, 2, 3])]
    batches = batches_at()
    assert [batch.at is None for reading in readings for batch in batches.of(reading)] == [True, False, False]


def test_metadata_comes_with_the_names() -> None:
    """Once for a whole reading, and for each layout that a partial one names; never without names."""
    batches = batches_at()
    whole = Samples(START_MS, MANY, [0.0] * len(MANY), metadata=ABOUT)
    assert [batch.metadata for batch in batches.of(whole)] == [ABOUT, None, None]
    assert [batch.metadata for batch in batches.of(whole)] == [None, None, None]
    assert [batch.metadata for batch in batches.of(partial(MANY, [0, MOST_SERIES]))] == [ABOUT, ABOUT]
    assert [batch.metadata for batch in batches.of(partial(MANY, [0, MOST_SERIES]))] == [None, None]


def test_no_message_is_too_large() -> None:
    """However long the labels are: a reading is cut where its series would fill a message."""
    long: list[Labels] = [(("__name__", f"m{number}"), ("x", "y" * MOST_LABEL_BYTES)) for number in range(100)]
    values = [float(number) for number in range(100)]
    whole, some = Samples(START_MS, long, values), Samples(START_MS, long, values, at=range(100))
    for made in (list(batches_at().of(reading)) for reading in (whole, some)):
        assert len(made) == 2
        assert max(len(encode(batch)) for batch in made) < MAX_PAYLOAD_BYTES / 1.5
        assert [value for batch in made for value in unpack_values(batch.values)] == values


@given(
    st.lists(
        st.tuples(
            st.sampled_from([SERIES, MANY]),
            st.lists(st.integers(0, 4) | st.integers(MOST_SERIES - 2, 2 * MOST_SERIES), unique=True, max_size=6),
            st.integers(START_MS - 3 * LAYOUT_REFRESH_MS, START_MS),
        ),
        max_size=6,
    )
)
def test_what_was_read_is_what_is_sent(given_readings: list[tuple[tuple[Labels, ...], list[int], int]]) -> None:
    """Whatever the layouts and their order, each sample arrives under its own series and time, however it is split."""
    batches, reader = batches_at(), Reader()
    for series, chosen, time_ms in given_readings:
        at = [position for position in chosen if position < len(series)]
        made = list(batches.of(partial(series, at, time_ms)))
        read = [reader.read(batch) for batch in made]
        assert {batch.time_ms for batch in made} <= {time_ms}
        assert sum(map(len, read)) == len(at)
        assert {labels: value for each in read for labels, value in each.items()} == {
            series[position]: float(position) for position in at
        }
