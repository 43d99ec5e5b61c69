"""Prometheus' notation for input series: `up{job="x"}` and `1 2 _ stale 0+10x3`.

Every function takes the text of one field and raises ValueError with a message for its author.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser

from schemas.labels import METRIC_NAME, Labels, canonical
from schemas.samples import STALE
from schemas.wording import shown


@dataclass(frozen=True, slots=True)
class Run:
    """`count` samples, an interval apart, each `step` more than the one before it; none where `first` is None."""

    first: float | None
    step: float = 0.0
    count: int = 1

    def __iter__(self) -> Iterator[float | None]:
        value = self.first
        for _ in range(self.count):
            yield value
            if value is not None:
                value += self.step  # added up one by one as the original does, so that rounding is the same


Values = tuple[Run, ...]
"""The samples of a series, run after run. Authors write `0x10000000` for "always", so runs are never written out."""

_STRING = r'"(?:[^"\\\n]|\\.)*"|' + r"'(?:[^'\\\n]|\\.)*'|`[^`]*`"
_NAME = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(\{)?\s*")
_LABEL = re.compile(rf"(?:([a-zA-Z_][a-zA-Z0-9_]*|{_STRING})\s*=\s*)?({_STRING})\s*")
_BETWEEN = re.compile(r",\s*|(?=\})")
_NUMBER = r"(?:[0-9][0-9_]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?|[iI][nN][fF]|[nN][aA][nN])"
_GAP = re.compile(r"_(?:x([0-9]+))?")
_RUN = re.compile(rf"([+-]?{_NUMBER})(?:([+-]{_NUMBER})?(?<![a-zA-Z])x([0-9]+))?")
_OCTAL = re.compile(r"([+-]?)0([0-7][0-7_]*)")


def series(text: str) -> Labels:
    """The label set of an input series: as a metric, but as in Prometheus without a blank before the brace."""
    if re.match(r"\s*[\w:]+\s+\{", text):
        raise ValueError(f'expected a series such as up{{job="x"}}, got a blank before the brace in {shown(text)}')
    return metric(text)


def metric(text: str) -> Labels:
    """The label set of a series such as `up{job="x"}`; an empty text has no labels."""
    head = _NAME.match(text)
    assert head is not None, "the pattern matches the empty text"
    labels = {METRIC_NAME: head[1]} if head[1] else {}
    end = head.end()
    if head[2]:
        end = _labels(text, end, labels)
    if text[end:].strip():
        raise ValueError(f'expected a series such as up{{job="x"}}, got {shown(text[end:])} in {shown(text)}')
    return canonical(labels)


def _labels(text: str, position: int, labels: dict[str, str]) -> int:
    """Read what stands between the braces into `labels`; returns where it ends."""
    while not text.startswith("}", position):
        pair = _matched(_LABEL, text, position, 'a label such as job="x"')
        labels[_unquoted(pair[1]) if pair[1] else METRIC_NAME] = _unquoted(pair[2])
        position = _matched(_BETWEEN, text, pair.end(), "a comma or the closing brace").end()
    return position + 1


def _matched(pattern: re.Pattern[str], text: str, position: int, expected: str) -> re.Match[str]:
    found = pattern.match(text, position)
    if found is None:
        rest = shown(text[position:]) if position < len(text) else "nothing more"
        raise ValueError(f"expected {expected} after {shown(text[:position])}, got {rest}")
    return found


def _unquoted(token: str) -> str:
    if token[0] == "`":
        return token[1:-1]
    if token[0] not in "\"'":
        return token
    literal = promql_parser.parse(token)
    assert isinstance(literal, promql_parser.StringLiteral)
    return literal.val


def values(text: str) -> Values:
    """The values of a series: numbers, `_` and `stale`, each of them once or, as `1+2x3`, `1x3` and `_x3`, in a run."""
    if "{{" in text:
        raise ValueError("native histograms are not supported")
    return tuple(_run(item) for item in re.split(r"[ \t\r\n]+", text.strip(" \t\r\n")) if item)


def _run(item: str) -> Run:
    if item == "stale":
        return Run(STALE)
    if gap := _GAP.fullmatch(item):
        return Run(None, count=int(gap[1] or 1))
    run = _RUN.fullmatch(item)
    if run is None:
        raise ValueError(f"expected values such as 1 _ stale 0+10x3, got {shown(item)}")
    return Run(_number(run[1]), _number(run[2] or "0"), int(run[3] or 0) + 1)


def _number(text: str) -> float:
    """As Go reads one: whole numbers that begin with a zero are octal."""
    octal = _OCTAL.fullmatch(text)
    return float(int(octal[1] + octal[2], 8)) if octal else float(text)
