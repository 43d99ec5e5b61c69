"""The lines of one target, recognised from scrape to scrape.

A line is split at its last space; what comes before is looked up as it stands, and only what was never seen is parsed.
So a steady scrape costs a dictionary look-up and `float` a sample, all in loops that run in C. Where lines end in
timestamps, those are split off in the same way. What a series is called
in the end (target labels, relabelling) is `resolve`'s business, and is asked once for each new line.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, repeat

from collectors.prometheus.exposition import Grammar, Malformed, normalise_bound, parse_series
from collectors.prometheus.page_text import floats, on_one_line, placed, prepared, sample_lines
from schemas.labels import Labels

DROPPED: Labels = ()
"""What a line resolves to that is not wanted."""

Resolve = Callable[[dict[str, str]], Labels]
"""From the labels of an exposed series to those it is kept under, or `DROPPED`."""


@dataclass(frozen=True, slots=True)
class Page:
    """One exposition, read: `values[i]` belongs to `series[i]`, each series once."""

    series: tuple[Labels, ...] = ()
    values: Sequence[float] = ()
    timed: Sequence[tuple[int, Labels, float]] = ()
    """Samples that bring their own time (Unix milliseconds)."""
    scraped: int = 0
    kept: int = 0
    """Samples that `resolve` left, repeated ones included."""
    added: int = 0
    """Series that the page before did not have."""
    repeated: int = 0
    """Samples of a series that the page had already given; the first counts."""


@dataclass(slots=True)
class _Columns:
    """The sample lines of a page, column by column. `series` is None where a line is not known."""

    lines: Sequence[str]
    keys: list[str]
    texts: list[str]
    series: list[Labels | None]
    times: dict[int, int] = field(default_factory=dict)
    stamped: bool = False
    """Some lines end in a timestamp, honoured or not."""
    added: int = 0


class KnownLines:
    """Reads the pages of one target. A page that is malformed leaves everything as it was."""

    def __init__(self, resolve: Resolve, *, honor_timestamps: bool = True) -> None:
        self._resolve = resolve
        self._honor_timestamps = honor_timestamps
        self._known: dict[str, Labels | None] = {}
        self._arranged: list[Labels | None] = []
        self._series: tuple[Labels, ...] = ()
        self._wanted: list[bool] = []
        self._repeated = 0
        self._stamped = False

    def read(self, text: str, grammar: Grammar) -> Page:
        """Raises `Malformed`, naming the line, and whatever `resolve` raises."""
        try:
            return self._read(prepared(text, grammar), grammar)
        except Malformed:
            if (mended := on_one_line(text)) == text:
                raise
            return self._read(prepared(mended, grammar), grammar)

    def _read(self, text: str, grammar: Grammar) -> Page:
        columns = self._split(text)
        if self._stamped and None in columns.series:
            self._look_up_stamped(columns, grammar)
        if strange := None in columns.series:
            self._learn(columns, grammar, text)
        values = floats(columns.texts, text)
        if strange or len(columns.keys) != len(self._known):
            # Lines that this page no longer has are forgotten.
            self._known = dict(zip(columns.keys, columns.series, strict=True))
        self._stamped = columns.stamped
        timed = [sample for sample in _taken_out(columns, values) if sample[1]]
        if columns.series != self._arranged:
            self._arrange(columns.series)
        return Page(
            series=self._series,
            values=list(compress(values, self._wanted)),
            timed=timed,
            scraped=len(values),
            kept=len(self._series) + self._repeated + len(timed),
            added=columns.added,
            repeated=self._repeated,
        )

    def _split(self, text: str) -> _Columns:
        lines = sample_lines(text)
        parts = list(map(str.rpartition, lines, repeat(" ")))
        keys = [part[0] for part in parts]
        texts = [part[2] for part in parts]
        return _Columns(lines, keys, texts, self._look_up(keys, texts))

    def _look_up(self, keys: Sequence[str], texts: Sequence[str]) -> list[Labels | None]:
        series = list(map(self._known.get, keys))
        joined = "".join(texts)
        if joined.split() == [joined]:
            return series
        # Somewhere a line does not end in its value, but in a space or with a tab in it: such lines need the grammar.
        return [known if text.split() == [text] else None for known, text in zip(series, texts, strict=True)]

    def _look_up_stamped(self, columns: _Columns, grammar: Grammar) -> None:
        """Of the lines that are not known: those of a known series, a value and a timestamp."""
        times: dict[str, int | None] = {}
        for at, series in enumerate(columns.series):
            if series is not None:
                continue
            key, _, value = columns.keys[at].rpartition(" ")
            known, stamp = self._known.get(key), columns.texts[at]
            if known is None or value.split() != [value]:
                continue
            if stamp not in times:
                times[stamp] = _time_ms(stamp, grammar)
            if (time_ms := times[stamp]) is not None:
                columns.series[at], columns.keys[at], columns.texts[at] = known, key, value
                self._stamp(columns, at, time_ms)

    def _stamp(self, columns: _Columns, at: int, time_ms: int) -> None:
        columns.stamped = True
        if self._honor_timestamps:
            columns.times[at] = time_ms

    def _learn(self, columns: _Columns, grammar: Grammar, text: str) -> None:
        """Fill in what is not known."""
        types = grammar.metric_types(text)
        fresh: dict[str, Labels] = {}
        for at, series in enumerate(columns.series):
            if series is not None:
                continue
            try:
                self._learn_line(columns, at, grammar, types, fresh)
            except Malformed as error:
                raise placed(error, text, at) from error
        columns.added = len({series for series in fresh.values() if series})

    def _learn_line(
        self, columns: _Columns, at: int, grammar: Grammar, types: dict[str, str], fresh: dict[str, Labels]
    ) -> None:
        sample = grammar.parse(columns.lines[at])
        known = self._known.get(sample.series, fresh.get(sample.series))
        if known is None:
            labels = parse_series(sample.series)
            normalise_bound(labels, types)
            known = fresh[sample.series] = self._resolve(labels)
        columns.series[at] = known
        if not sample.bare or columns.texts[at] != sample.value:
            columns.keys[at], columns.texts[at] = sample.series, sample.value
        if sample.time_ms is not None:
            self._stamp(columns, at, sample.time_ms)

    def _arrange(self, series: list[Labels | None]) -> None:
        """Each series once, at its first sample, and without those that are not wanted."""
        first: dict[Labels, int] = {}
        for at, labels in enumerate(series):
            if labels:
                first.setdefault(labels, at)
        wanted = set(first.values())
        self._wanted = [at in wanted for at in range(len(series))]
        self._series = tuple(first)
        self._repeated = sum(map(bool, series)) - len(self._series)
        self._arranged = series


def _time_ms(stamp: str, grammar: Grammar) -> int | None:
    """None for what is no timestamp, which is for the grammar to name."""
    try:
        return grammar.time_ms(stamp)
    except Malformed:
        return None


def _taken_out(columns: _Columns, values: Sequence[float]) -> Iterator[tuple[int, Labels, float]]:
    """The samples that bring their own time, which then are no longer among the others."""
    for at, time_ms in columns.times.items():
        yield time_ms, columns.series[at] or DROPPED, values[at]
        columns.series[at] = DROPPED
