"""The grammar of what a target exposes: Prometheus' text format and OpenMetrics, a line at a time. Pure.

Nothing here remembers a line; that a steady target is not parsed anew at each scrape is the affair of `known_lines`.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from schemas.labels import METRIC_NAME
from schemas.wording import shown

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_BRACES = rf'\{{[^"}}]*+(?:{_STRING}[^"}}]*+)*+\}}'

_LABEL = re.compile(rf"[ \t]*(?:([a-zA-Z_][a-zA-Z0-9_]*+)|({_STRING}))[ \t]*(?:=[ \t]*({_STRING}))?[ \t]*(?:,|$)")
_ESCAPE = re.compile(r'\\([\\"n])')


class Malformed(ValueError):
    """The text is not what its format says."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One line taken apart: the series as it is written, the text of its value, and its own time where it has one."""

    series: str
    value: str
    time_ms: int | None
    bare: bool
    """Nothing follows the value: the line is its series, a separator and its value."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """What one of the formats allows. `sample` has the groups series, value, timestamp and whatever follows."""

    name: str
    sample: re.Pattern[str]
    type_line: re.Pattern[str]
    types: frozenset[str]
    timestamp: re.Pattern[str]
    ms_per_unit: int
    """Milliseconds in one unit of its timestamps."""

    def parse(self, line: str) -> Sample:
        """Raises `Malformed`."""
        found = self.sample.fullmatch(line)
        if found is None:
            raise Malformed(f"expected a series and its value, got {shown(line)}")
        series, value, time, rest = found.groups()
        time_ms = None if time is None else self.time_ms(time)
        return Sample(series.rstrip(" \t"), value, time_ms, bare=not (time or rest))

    def time_ms(self, text: str) -> int:
        """Unix milliseconds of a timestamp. Raises `Malformed`."""
        if not self.timestamp.fullmatch(text):
            raise Malformed(f"expected a timestamp, got {shown(text)}")
        try:
            return int(float(text) * self.ms_per_unit)
        except (ValueError, OverflowError) as error:
            raise Malformed(f"expected a timestamp, got {shown(text)}") from error

    def metric_types(self, text: str) -> dict[str, str]:
        """What the `# TYPE` lines of a whole exposition say, by metric name. Raises `Malformed`."""
        types = {unquoted(name): kind.strip() for name, kind in self.type_line.findall(text)}
        for name, kind in types.items():
            if kind not in self.types:
                raise Malformed(f"TYPE of {name}: expected one of {', '.join(sorted(self.types))}, got {shown(kind)}")
        return types


TEXT = Grammar(
    name="text",
    sample=re.compile(rf"((?=[^\s0-9])(?:{_NAME})?+[ \t]*(?:{_BRACES})?)[ \t]*([^\s{{]+)(?:[ \t]+([0-9]+))?([ \t]*)"),
    type_line=re.compile(rf"^#[ \t]+TYPE[ \t]+({_NAME}|{_STRING})(.*)$", re.MULTILINE),
    types=frozenset({"counter", "gauge", "histogram", "summary", "untyped"}),
    timestamp=re.compile(r"[0-9]+"),
    ms_per_unit=1,
)

OPENMETRICS = Grammar(
    name="OpenMetrics",
    sample=re.compile(rf"((?=[^\s0-9])(?:{_NAME})?+(?:{_BRACES})?) (\S+)(?: ([^\s#]\S*))?( # {_BRACES} \S+(?: \S+)?)?"),
    type_line=re.compile(rf"^# TYPE ({_NAME}|{_STRING})(.*)$", re.MULTILINE),
    types=frozenset(
        {"counter", "gauge", "gaugehistogram", "histogram", "info", "stateset", "summary", "unknown", "untyped"}
    ),
    timestamp=re.compile(r"[^\s#]\S*"),
    ms_per_unit=1000,
)


def parse_series(series: str) -> dict[str, str]:
    """The labels of a series as it is written, `__name__` among them, empty ones included. Raises `Malformed`."""
    name, _, rest = series.partition("{")
    labels = {METRIC_NAME: name.strip(" \t")} if name.strip(" \t") else {}
    inside = rest.removesuffix("}").rstrip(" \t")
    at = 0
    while at < len(inside):
        found = _LABEL.match(inside, at)
        if found is None:
            raise Malformed(f'expected name="value" in {shown(series)}')
        label, value = _label(found)
        if label in labels:
            raise Malformed(f"label {shown(label)} stands twice in {shown(series)}")
        labels[label] = value
        at = found.end()
    if not labels.get(METRIC_NAME):
        raise Malformed(f"expected a metric name in {shown(series)}")
    return labels


def _label(found: re.Match[str]) -> tuple[str, str]:
    """A quoted name that stands alone is the metric's."""
    bare, quoted, value = found.groups()
    if value is not None:
        return bare or unquoted(quoted), unquoted(value)
    if quoted is None:
        raise Malformed(f"expected a value for label {shown(bare)}")
    return METRIC_NAME, unquoted(quoted)


def unquoted(text: str) -> str:
    """A quoted string as it was meant; text without quotes as it is. Unknown escapes stand for themselves."""
    if not text.startswith('"'):
        return text
    return _ESCAPE.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], text[1:-1])


def normalise_bound(labels: dict[str, str], types: dict[str, str]) -> None:
    """Write `le` and `quantile` of classic histograms and summaries as Prometheus 3 stores them: `1` as `1.0`."""
    name = labels[METRIC_NAME]
    if "le" in labels and types.get(name.removesuffix("_bucket")) == "histogram":
        labels["le"] = _float_text(labels["le"])
    elif "quantile" in labels and types.get(name) == "summary":
        labels["quantile"] = _float_text(labels["quantile"])


def _float_text(text: str) -> str:
    """A number in OpenMetrics' canonical form; what is none stays as it is."""
    try:
        value = Decimal(repr(float(text)))
    except ValueError:
        return text
    if not value.is_finite():
        return "NaN" if value.is_nan() else f"{'-' if value < 0 else '+'}Inf"
    value = value.normalize()
    exponent = value.adjusted()
    if value and not -4 <= exponent < 6:
        return f"{value.scaleb(-exponent).normalize()}e{exponent:+03d}"
    fixed = f"{value:f}"
    return fixed if "." in fixed else f"{fixed}.0"
