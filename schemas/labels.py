"""Label sets, the identity of a series and of an alert.

The hashable form is a tuple of (name, value) pairs sorted by name. The metric name is the label `__name__`, as in
Prometheus' data model. An empty value is the same as an absent label, so canonical sets hold none.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import starmap

Labels = tuple[tuple[str, str], ...]

METRIC_NAME = "__name__"

_CLASSIC_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_CLASSIC_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

MOST_LABEL_BYTES = 64 * 1024
"""Of one series that a collector takes in from elsewhere: whoever exposes more must not be able to fill a message."""


def canonical(labels: Mapping[str, str]) -> Labels:
    """The sorted, hashable form of `labels`, without empty values."""
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def shared(labels: Labels) -> Labels:
    """The same labels, made of the very pairs that other series have: most of a series' labels are its neighbours' too,
    and who keeps many series would keep each of them many times.
    """
    return tuple(starmap(_pair, labels))


@lru_cache(maxsize=4096)
def _pair(name: str, value: str) -> tuple[str, str]:
    return name, value


def text(labels: Labels) -> str:
    """The way Prometheus prints a series: `up{instance="a:80", job="x"}`. Names of other characters than the classic
    ones are quoted, `{"my.metric", "my.label"="x"}`, so that it can be asked for as it is printed.
    """
    names = [value for label, value in labels if label == METRIC_NAME]
    pairs = [f"{_named(label)}={_quoted(value)}" for label, value in labels if label != METRIC_NAME]
    if names and not _CLASSIC_METRIC.fullmatch(names[0]):
        return "{" + ", ".join([_quoted(names[0]), *pairs]) + "}"
    return "".join(names) + ("{" + ", ".join(pairs) + "}" if pairs or not names else "")


@lru_cache(maxsize=4096)
def _named(label: str) -> str:
    return label if _CLASSIC_LABEL.fullmatch(label) else _quoted(label)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
