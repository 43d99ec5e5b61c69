"""The lines of one target, recognised from scrape to scrape.

A page of the same shape as the one before is read without a look at what its lines say. Of another one each line is
split at its last space; what comes before is looked up as it stands, and only what was never seen is parsed. Where
lines end in timestamps, those are split off in the same way. What a series is called in the end (target labels,
relabelling) is `resolve`'s business, and is asked once for each new line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, repeat

from collectors.prometheus.exposition import Grammar, Malformed, normalise_bound, parse_series
from collectors.prometheus.page_shape import PageShape
from collectors.prometheus.page_text import floats, on_one_line, placed, prepared, sample_lines
from schemas.labels import Labels

DROPPED: Labels = ()
"""What a line resolves to that is not wanted."""

Resolve = Callable[[dict[str, str]], Labels]
"""From the labels of an exposed series to those it is kept under, or `DROPPED`."""


TimedSample = tuple[int, Labels, float]
"""A sample that brings its own time (Unix milliseconds)."""


@dataclass(frozen=True, slots=True)
class Page:
    """One exposition, read: `values[i]` belongs to `series[i]`, each series once."""

    series: tuple[Labels, ...] = ()
    values: Sequence[float] = ()
    timed: Sequence[TimedSample] = ()
    scraped: int = 0
    kept: int = 0
    """Samples that `resolve` left, repeated ones included."""
    added: int = 0
    """Series that the page before did not have."""
    repeated: int = 0
    """Samples of a series that the page had already given; the first counts."""


@dataclass(slots=True)
class _Columns:
    """The sample lines of a page, column by column: a line is its key and the text of its value, unless more follows.

    `series` is None where a line is not known.
    """

    lines: Sequence[str]
    keys: list[str]
    texts: list[str]
    series: list[Labels | None]
    times: dict[int, int] = field(default_factory=dict)
    stamped: bool = False
    """Some lines end in a timestamp, honoured or not."""
    added: int = 0

    @property
    def bare(self) -> bool:
        """Whether the lines are keys and values and nothing else."""
        return all(key + text == line for key, text, line in zip(self.keys, self.texts, self.lines, strict=True))


Known = Mapping[str, Labels | None]
"""The series of each key."""


class KnownLines:
    """Reads the pages of one target. A page that is malformed leaves everything as it was."""

    def __init__(self, resolve: Resolve, *, honor_timestamps: bool = True) -> None:
        self._resolve = resolve
        self._honor_timestamps = honor_timestamps
        self._keys: Sequence[str] = ()
        self._resolved: Sequence[Labels | None] = ()
        self._shape = PageShape()
        self._arranged: Sequence[Labels | None] = ()
        self._series: tuple[Labels, ...] = ()
        self._wanted: Sequence[bool] | None = None
        """None: all."""
        self._repeated = 0
        self._stamped = False

    def read(self, text: str, grammar: Grammar) -> Page:
        """Raises `Malformed`, naming the line, and whatever `resolve` raises."""
        values = self._shape.values(text, grammar)
        if values is not None:
            return self._page(values)
        try:
            return self._read(prepared(text, grammar), grammar)
        except Malformed:
            if (mended := on_one_line(text)) == text:
                raise
            return self._read(prepared(mended, grammar), grammar)

    def _read(self, text: str, grammar: Grammar) -> Page:
        known = dict(zip(self._keys, self._resolved, strict=True))
        columns = _split(text, known)
        if self._stamped and None in columns.series:
            self._look_up_stamped(columns, grammar, known)
        if None in columns.series:
            self._learn(columns, grammar, text, known)
        values = floats(columns.texts, text)
        # Lines that this page no longer has are forgotten.
        self._keys, self._resolved, self._stamped = columns.keys, columns.series, columns.stamped
        self._shape = PageShape.of(text, grammar, columns.keys, columns.texts) if columns.bare else PageShape()
        arranged, timed = _taken_out(columns, values)
        if arranged != self._arranged:
            self._arrange(arranged)
        return self._page(values, timed, columns.added)

    def _page(self, values: list[float], timed: Sequence[TimedSample] = (), added: int = 0) -> Page:
        return Page(
            series=self._series,
            values=values if self._wanted is None else list(compress(values, self._wanted)),
            timed=list(timed),
            scraped=len(values),
            kept=len(self._series) + self._repeated + len(timed),
            added=added,
            repeated=self._repeated,
        )

    def _look_up_stamped(self, columns: _Columns, grammar: Grammar, known: Known) -> None:
        """Of the lines that are not known: those of a known series, a value and a timestamp."""
        times: dict[str, int | None] = {}
        for at, series in enumerate(columns.series):
            if series is not None:
                continue
            head, space, value = columns.keys[at].removesuffix(" ").rpartition(" ")
            key, stamp = head + space, columns.texts[at]
            found = known.get(key)
            if found is None or value.split() != [value]:
                continue
            if stamp not in times:
                times[stamp] = _time_ms(stamp, grammar)
            if (time_ms := times[stamp]) is not None:
                columns.series[at], columns.keys[at], columns.texts[at] = found, key, value
                self._stamp(columns, at, time_ms)

    def _stamp(self, columns: _Columns, at: int, time_ms: int) -> None:
        columns.stamped = True
        if self._honor_timestamps:
            columns.times[at] = time_ms

    def _learn(self, columns: _Columns, grammar: Grammar, text: str, known: Known) -> None:
        """Fill in what is not known."""
        types = grammar.metric_types(text)
        fresh: dict[str, Labels] = {}
        for at, series in enumerate(columns.series):
            if series is not None:
                continue
            try:
                sample = grammar.parse(columns.lines[at])
                key = f"{sample.series} "
                columns.keys[at], columns.texts[at] = key, sample.value
                found = known.get(key, fresh.get(key))
                if found is None:
                    found = fresh[key] = self._named(sample.series, types)
            except Malformed as error:
                raise placed(error, text, at) from error
            columns.series[at] = found
            if sample.time_ms is not None:
                self._stamp(columns, at, sample.time_ms)
        columns.added = len({series for series in fresh.values() if series})

    def _named(self, series: str, types: dict[str, str]) -> Labels:
        labels = parse_series(series)
        normalise_bound(labels, types)
        return self._resolve(labels)

    def _arrange(self, series: Sequence[Labels | None]) -> None:
        """Each series once, at its first sample, and without those that are not wanted."""
        first: dict[Labels, int] = {}
        for at, labels in enumerate(series):
            if labels:
                first.setdefault(labels, at)
        wanted = set(first.values())
        self._wanted = None if len(wanted) == len(series) else [at in wanted for at in range(len(series))]
        self._series = tuple(first)
        self._repeated = sum(map(bool, series)) - len(self._series)
        self._arranged = series


def _time_ms(stamp: str, grammar: Grammar) -> int | None:
    """None for what is no timestamp, which is for the grammar to name."""
    try:
        return grammar.time_ms(stamp)
    except Malformed:
        return None


def _split(text: str, known: Known) -> _Columns:
    lines = sample_lines(text)
    parts = list(map(str.rpartition, lines, repeat(" ")))
    keys = [head + space for head, space, _ in parts]
    texts = [part[2] for part in parts]
    series = list(map(known.get, keys))
    joined = "".join(texts)
    if joined.split() != [joined]:
        # Some line does not end in its value, but in a space or with a tab in it: such lines need the grammar.
        series = [found if text.split() == [text] else None for found, text in zip(series, texts, strict=True)]
    return _Columns(lines, keys, texts, series)


def _taken_out(columns: _Columns, values: Sequence[float]) -> tuple[Sequence[Labels | None], Sequence[TimedSample]]:
    """The series of the samples, without those that bring their own time, and these by themselves."""
    if not columns.times:
        return columns.series, ()
    untimed = list(columns.series)
    timed = []
    for at, time_ms in columns.times.items():
        if labels := untimed[at]:
            timed.append((time_ms, labels, values[at]))
        untimed[at] = DROPPED
    return untimed, timed
