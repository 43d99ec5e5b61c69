"""Reading a target's text: both formats, every way to write a line, and every way to write it wrongly."""

import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from collectors.prometheus.exposition import OPENMETRICS, TEXT, Grammar, Malformed
from collectors.prometheus.known_lines import KnownLines, Page
from schemas.labels import METRIC_NAME, Labels, canonical, text


def page(exposition: str, grammar: Grammar = TEXT) -> Page:
    return KnownLines(canonical).read(exposition, grammar)


def series(exposition: str, grammar: Grammar = TEXT) -> dict[str, float]:
    read = page(exposition, grammar)
    return {text(labels): value for labels, value in zip(read.series, read.values, strict=True)}


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("a 1", "a", 1.0),
        ("a 1\n", "a", 1.0),
        ("a{} 1", "a", 1.0),
        ("a\t1", "a", 1.0),
        ("  a  1  ", "a", 1.0),
        ("ns:a_b1 -1.5e3", "ns:a_b1", -1500.0),
        ("a +Inf", "a", math.inf),
        ("a -Inf", "a", -math.inf),
        ('a{b="c"} 1', 'a{b="c"}', 1.0),
        ('a{b="c"}1', 'a{b="c"}', 1.0),
        ('a{b="c",} 1', 'a{b="c"}', 1.0),
        ('a { b = "c" , d = "e" } 1', 'a{b="c", d="e"}', 1.0),
        ('a{b="x } y, z 1"} 2', 'a{b="x } y, z 1"}', 2.0),
        (r'a{b="q\" s\\ n\n o\d"} 2', r'a{b="q\" s\\ n\n o\\d"}', 2.0),
        ('a{b=""} 1', "a", 1.0),
        ('a{b="é"} 1', 'a{b="é"}', 1.0),
        ('{"a.b","c d"="e"} 1', '{"a.b", "c d"="e"}', 1.0),
    ],
)
def test_a_line_of_the_text_format(line: str, name: str, value: float) -> None:
    """Whatever whitespace, braces and escapes it is written with, a line is one series and its value."""
    assert series(line) == {name: value}


def test_what_is_no_sample_is_passed_over() -> None:
    """Comments, metadata and blank lines, indented or not."""
    assert series('# hi\n#\n\n# HELP a x "y\n  # indented\n# TYPE a counter\n   \n\ta 1\n#TYPE b nonsense\n') == {
        "a": 1
    }


def test_not_a_number_is_a_value() -> None:
    """NaN is read as an ordinary sample."""
    assert math.isnan(series("a NaN")["a"])


@pytest.mark.parametrize(
    ("exposition", "why"),
    [
        ("a 1\nb", 'line 2: expected a series and its value, got "b"'),
        ("# x\n\na one", 'line 3: expected a number, got "one"'),
        ("a 1_000", 'line 1: expected a number, got "1_000"'),
        ("a ١", 'line 1: expected a number, got "١"'),  # noqa: RUF001 - a digit, but none of ours
        ("a 1\r\nb 2", "line 1: expected a series and its value"),
        ("a 1 2 3", "line 1: expected a series and its value"),
        ("a 1 x", "line 1: expected a series and its value"),
        ("a 1 1.5", "line 1: expected a series and its value"),
        ("a 1 -5", "line 1: expected a series and its value"),
        ("1a 1", "line 1: expected a series and its value"),
        ('{b="c"} 1', "line 1: expected a metric name"),
        ('a{b="c} 1', "line 1: expected a series and its value"),
        ("a{b=c} 1", 'line 1: expected name="value"'),
        ("a{b} 1", 'line 1: expected a value for label "b"'),
        ('a{b="c",b="d"} 1', 'line 1: label "b" stands twice'),
        ('a{b="c",,d="e"} 1', 'line 1: expected name="value"'),
        ("# TYPE a gouge\na 1", "TYPE of a: expected one of counter, gauge, histogram, summary, untyped, got"),
    ],
)
def test_a_malformed_line_voids_the_text(exposition: str, why: str) -> None:
    """One line that is wrong is named, with its number, and nothing of the page is used."""
    with pytest.raises(Malformed) as raised:
        page(exposition)
    assert str(raised.value).startswith(why)


OPEN = """\
# HELP a help
# TYPE a counter
# UNIT a things
a_total{b="c"} 17 # {trace_id="x y"} 0.5 1520430000.123
a_created{b="c"} 1.5e9
# TYPE h histogram
h_bucket{le="1"} 2 # {} 0.5
h_bucket{le="+Inf"} 3
# TYPE s stateset
s{s="on"} 1
# EOF
"""


def test_openmetrics_is_read_as_plain_series() -> None:
    """Exemplars are dropped; `_created`, buckets and states are series like any other."""
    assert series(OPEN, OPENMETRICS) == {
        'a_total{b="c"}': 17,
        'a_created{b="c"}': 1.5e9,
        'h_bucket{le="1.0"}': 2,
        'h_bucket{le="+Inf"}': 3,
        's{s="on"}': 1,
    }


def test_nothing_may_be_exposed() -> None:
    """An empty answer is a scrape without samples, in either format."""
    assert [page("", grammar) for grammar in (TEXT, OPENMETRICS)] == [Page(values=[], timed=[])] * 2


def test_a_line_break_within_quotes_is_part_of_the_value() -> None:
    """It should be escaped, but Prometheus reads it; at each scrape the same, and beside comments with odd quotes."""
    lines = KnownLines(canonical)
    exposition = '# HELP a 5" disks\na{b="x\ny\\\n"} 1\n# HELP c 3" disks\nc 2\n'
    pages = [lines.read(exposition, TEXT) for _ in range(2)]
    assert [text(labels) for labels in pages[0].series] == [r'a{b="x\ny\\n"}', "c"]
    assert [(page.series, page.values, page.added) for page in pages] == [
        (pages[0].series, [1, 2], 2),
        (pages[0].series, [1, 2], 0),
    ]


@pytest.mark.parametrize(
    "exposition", ["a 1\n", "a 1\n# EOF\nb 1\n", "a 1 # EOF\n", "\n", "a  1\n# EOF\n", "a\t1\n# EOF\n"]
)
def test_openmetrics_is_strict(exposition: str) -> None:
    """A text cut short, or with spaces that the format does not know, is refused."""
    with pytest.raises(Malformed):
        page(exposition, OPENMETRICS)


@pytest.mark.parametrize(
    ("bound", "normal"),
    [("1", "1.0"), ("0", "0.0"), ("0.50", "0.5"), ("1e6", "1e+06"), ("123456", "123456.0"), ("1234567", "1.234567e+06"),
     ("0.00001", "1e-05"), ("+Inf", "+Inf"), ("-inf", "-Inf"), ("10", "10.0"), ("much", "much")],
)  # fmt: skip
def test_bounds_are_written_as_prometheus_3_stores_them(bound: str, normal: str) -> None:
    """`le="1"` and `le="1.0"` are one bucket, whichever way the target writes it."""
    exposition = f'# TYPE h histogram\nh_bucket{{le="{bound}"}} 1\n# TYPE q summary\nq{{quantile="{bound}"}} 2\n'
    assert series(exposition) == {f'h_bucket{{le="{normal}"}}': 1, f'q{{quantile="{normal}"}}': 2}


def test_only_bounds_are_normalised() -> None:
    """A gauge may call a label `le`."""
    assert series('# TYPE g gauge\ng{le="1"} 1\nh_bucket{le="1"} 1\n') == {'g{le="1"}': 1, 'h_bucket{le="1"}': 1}


def test_a_samples_own_time() -> None:
    """Milliseconds in the text format, seconds in OpenMetrics; such samples are kept apart."""
    read = page('a 1 1500\nb{c="d"} 2\n')
    assert ([text(labels) for labels in read.series], read.values) == (['b{c="d"}'], [2])
    assert read.timed == [(1500, ((METRIC_NAME, "a"),), 1)]
    assert page("a 1 1.5\n# EOF\n", OPENMETRICS).timed == [(1500, ((METRIC_NAME, "a"),), 1)]


names = st.text(string.ascii_letters + "_", min_size=1, max_size=4)
label_sets = st.dictionaries(names.map("l".__add__), st.text(max_size=6).filter(lambda s: "\r" not in s), max_size=3)
values = st.floats(width=64, allow_nan=False)
samples = st.dictionaries(st.tuples(names, label_sets.map(canonical)), values, max_size=6)


def written(exposed: dict[tuple[str, Labels], float]) -> str:
    lines = []
    for (name, labels), value in exposed.items():
        pairs = [f'{label}="{_escaped(content)}"' for label, content in labels]
        lines.append(f"{name}{{{','.join(pairs)}}} {value!r}\n")
    return "".join(lines)


def _escaped(content: str) -> str:
    return content.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


@given(st.lists(samples, min_size=1, max_size=4))
def test_whatever_is_written_is_read(pages: list[dict[tuple[str, Labels], float]]) -> None:
    """Page after page, what is read is what was written, however much of it was known before."""
    lines = KnownLines(canonical)
    for exposed in pages:
        read = lines.read(written(exposed), TEXT)
        expected = {canonical({METRIC_NAME: name, **dict(labels)}): value for (name, labels), value in exposed.items()}
        assert dict(zip(read.series, read.values, strict=True)) == expected


@given(samples)
def test_the_reference_parser_agrees(exposed: dict[tuple[str, Labels], float]) -> None:
    """prometheus_client reads the same series and values out of the same text."""
    exposition = written(exposed)
    reference = {
        canonical({METRIC_NAME: sample.name, **sample.labels}): sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
    }
    read = page(exposition)
    assert dict(zip(read.series, read.values, strict=True)) == reference


@given(st.text(st.sampled_from('ab{}="\\,# \t\n1.e+EOF'), max_size=40), st.sampled_from([TEXT, OPENMETRICS]))
def test_any_text_is_read_or_refused(exposition: str, grammar: Grammar) -> None:
    """No input does anything else than to be read or to be called malformed, twice the same."""
    lines = KnownLines(canonical)
    results: list[object] = []
    for _ in range(2):
        try:
            read = lines.read(exposition, grammar)
            results.append((read.series, str(read.values), str(read.timed)))
        except Malformed as error:
            results.append(str(error))
    assert results[0] == results[1]


@given(samples, st.data())
def test_a_page_of_known_shape_is_read_as_any_other(
    exposed: dict[tuple[str, Labels], float], data: st.DataObject
) -> None:
    """Whatever is typed into it: what was read before makes no difference, nor to which line is refused."""
    lines = KnownLines(canonical)
    lines.read(written(exposed), TEXT)
    at = data.draw(st.integers(0, len(written(exposed))))
    typed = data.draw(st.text(st.sampled_from("15e.-_ \t\u0665{}\na"), max_size=3))
    changed = written(exposed)[:at] + typed + written(exposed)[at:]
    results: list[object] = []
    for reader in (lines, KnownLines(canonical)):
        try:
            read = reader.read(changed, TEXT)
            results.append((read.series, str(read.values), str(read.timed)))
        except Malformed as error:
            results.append(str(error).partition(":")[0])
    assert results[0] == results[1]
