"""Label sets, the identity of a series and of an alert.

The hashable form is a tuple of (name, value) pairs sorted by name. The metric name is the label `__name__`, as in
Prometheus' data model. An empty value is the same as an absent label, so canonical sets hold none.
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import starmap

Labels = tuple[tuple[str, str], ...]

METRIC_NAME = "__name__"

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
    """The way Prometheus prints a series: `up{instance="a:80", job="x"}`."""
    name = ""
    pairs = []
    for label, value in labels:
        if label == METRIC_NAME:
            name = value
        else:
            escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            pairs.append(f'{label}="{escaped}"')
    return name + ("{" + ", ".join(pairs) + "}" if pairs or not name else "")
