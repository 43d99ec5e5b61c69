"""The labels of a series: from the run of their fields to a label set, checked in full, and back. Pure."""

import sys
from itertools import pairwise

from collectors.remote_write.protobuf import Malformed, delimited, fields, text
from schemas.labels import METRIC_NAME, MOST_LABEL_BYTES, Labels
from schemas.wording import shown

_NAME, _VALUE = 1, 2


def labels_of(run: bytes) -> Labels:
    """The label set that `run`, nothing but label fields, encodes. Raises `Malformed`.

    Strings are interned: most names and many values are those of other series too.
    """
    if len(run) > MOST_LABEL_BYTES:
        raise Malformed(f"the labels of a series are {len(run)} bytes long, more than {MOST_LABEL_BYTES}")
    pairs = [_pair(run, found.start, found.stop) for found in fields(run, 0, len(run))]
    names = [name for name, _ in pairs]
    for one, next_one in pairwise(names):
        if one >= next_one:
            what = (
                f"label {shown(one)} stands twice"
                if one == next_one
                else f"{shown(next_one)} stands after {shown(one)}"
            )
            raise Malformed(f"labels: expected names in their order, each once; {what}")
    series = tuple((sys.intern(name), sys.intern(value)) for name, value in pairs if value)
    if METRIC_NAME not in dict(series):
        raise Malformed(f"labels: expected {METRIC_NAME} among {shown(str(names))}")
    return series


def _pair(run: bytes, at: int, stop: int) -> tuple[str, str]:
    name = value = ""
    for found in fields(run, at, stop):
        if found.number == _NAME:
            name = text(run, found, "label name")
        elif found.number == _VALUE:
            value = text(run, found, "label value")
    if not name:
        raise Malformed("labels: expected a name, got an empty one")
    return name, value


def run_of(series: Labels) -> bytes:
    """The one shortest encoding of a label set, as Prometheus writes it."""
    return b"".join(
        delimited(1, delimited(_NAME, name.encode()) + delimited(_VALUE, value.encode())) for name, value in series
    )
