"""Lines that are recognised from scrape to scrape, and what is never excused by being known."""

import dataclasses
import re

import pytest

from collectors.prometheus.exposition import OPENMETRICS, TEXT, Grammar, Malformed
from collectors.prometheus.known_lines import DROPPED, KnownLines
from schemas.labels import METRIC_NAME, Labels, canonical, text

OPEN = """\
# TYPE a counter
a_total{b="c"} 17 # {trace_id="x y"} 0.5 1520430000.123
h_bucket{le="1"} 2 # {} 0.5
# EOF
"""


def test_known_lines_do_not_excuse_a_malformed_value() -> None:
    """A line that was recognised is still one whose value must be a number."""
    lines = KnownLines(canonical)
    lines.read("a 1\nb 2", TEXT)
    with pytest.raises(Malformed, match="line 2: expected a number"):
        lines.read("a 1\nb -", TEXT)
    assert lines.read("a 1\nb 3", TEXT).values == [1, 3]


def test_lines_with_exemplars_are_recognised_too() -> None:
    """An exemplar changes at each scrape; the series before it is the same one."""
    lines = KnownLines(canonical)
    first = lines.read(OPEN, OPENMETRICS)
    again = lines.read(OPEN.replace("17 # {trace_id", "18 # {span"), OPENMETRICS)
    assert (first.added, again.added) == (2, 0)
    assert (again.series, again.values[0]) == (first.series, 18)


def test_times_can_be_ignored() -> None:
    """Without `honor_timestamps` a sample is of the moment of its scrape."""
    lines = KnownLines(canonical, honor_timestamps=False)
    assert [lines.read(f"a {value} {value}00", TEXT).values for value in (1, 2)] == [[1], [2]]


@pytest.mark.parametrize(
    ("grammar", "pages"),
    [
        (TEXT, ['a{b="c d"} 1 1000\ne 2\n', 'a{b="c d"} 3 2000\ne 4\n']),
        (OPENMETRICS, ['a{b="c d"} 1 1.0\ne 2\n# EOF\n', 'a{b="c d"} 3 2\ne 4\n# EOF\n']),
    ],
)
def test_lines_with_a_time_are_recognised_too(grammar: Grammar, pages: list[str]) -> None:
    """By what stands before value and time: a grammar that knows no line is not asked."""
    lines = KnownLines(canonical)
    lines.read(pages[0], grammar)
    nothing = dataclasses.replace(grammar, sample=re.compile("(?!)"))
    read = lines.read(pages[1], nothing)
    assert [(time_ms, text(labels), value) for time_ms, labels, value in read.timed] == [(2000, 'a{b="c d"}', 3)]
    assert (read.values, read.added) == ([4], 0)


@pytest.mark.parametrize("line", ["a 1 x", "a 1 1.5", "a x 1000", "a 1  1000 2", "a 1 1_000", "a 1 ١"])  # noqa: RUF001
def test_a_known_line_does_not_excuse_a_malformed_time(line: str) -> None:
    """Neither its time nor its value."""
    lines = KnownLines(canonical)
    lines.read("a 1 1000", TEXT)
    with pytest.raises(Malformed, match="line 1: expected a"):
        lines.read(line, TEXT)


def test_times_may_come_and_go() -> None:
    """A series is the same one with and without a time, however the line is spaced."""
    lines = KnownLines(canonical)
    pages = [lines.read(exposition, TEXT) for exposition in ("a 1 1000", "a 2", "a  3\t3000", "a 4 4000", "a\t5")]
    assert [page.added for page in pages] == [1, 0, 0, 0, 0]
    assert [(list(page.values), [value for _, _, value in page.timed]) for page in pages] == [
        ([], [1]), ([2], []), ([], [3]), ([], [4]), ([5], []),
    ]  # fmt: skip


def test_of_a_series_given_twice_the_first_sample_counts() -> None:
    """The others are counted, on the steady path as on the first."""
    lines = KnownLines(canonical)
    for _ in range(2):
        read = lines.read('a{b="",c="d"} 1\na{c="d"} 2\n', TEXT)
        assert (list(read.values), read.repeated, read.scraped, read.kept) == ([1], 1, 2, 2)


def test_only_new_lines_are_resolved() -> None:
    """What a line is kept as is asked once, for as long as the target goes on exposing it."""
    asked: list[str] = []

    def resolve(labels: dict[str, str]) -> Labels:
        asked.append(labels[METRIC_NAME])
        return DROPPED if labels[METRIC_NAME] == "b" else canonical(labels)

    lines = KnownLines(resolve)
    pages = [
        lines.read(exposition, TEXT) for exposition in ("a 1\nb 2", "a 3\nb 4", "b 5\nc 6\na 7", "c 8", "a 9\nc 9")
    ]
    assert asked == ["a", "b", "c", "a"]
    assert [list(read.values) for read in pages] == [[1], [3], [6, 7], [8], [9, 9]]
    assert [read.added for read in pages] == [1, 0, 1, 0, 1]
    assert [(read.scraped, read.kept) for read in pages] == [(2, 1), (2, 1), (3, 2), (1, 1), (2, 2)]
