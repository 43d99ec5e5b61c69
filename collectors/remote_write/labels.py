"""The labels of a series: from the run of their fields to a label set, checked in full, and back. Pure."""

import sys
from collections.abc import Sequence
from itertools import pairwise

from collectors.remote_write.protobuf import Malformed, delimited, fields, text
from schemas.labels import METRIC_NAME, MOST_LABEL_BYTES, Labels
from schemas.wording import shown

_NAME, _VALUE = 1, 2


def labels_of(run: bytes) -> tuple[Labels, bytes]:
    """The label set that `run`, nothing but label fields, encodes, and its one shortest encoding.

    Strings are interned: most names and many values are those of other series too. Raises `Malformed`.
    """
    if len(run) > MOST_LABEL_BYTES:
        raise Malformed(f"the labels of a series are {len(run)} bytes long, more than {MOST_LABEL_BYTES}")
    pairs = _usual_pairs(run)
    usual = pairs is not None
    if pairs is None:
        pairs = [_pair(run, found.start, found.stop) for found in fields(run, 0, len(run))]
    _check([name for name, _ in pairs])
    series = tuple((sys.intern(name), sys.intern(value)) for name, value in pairs if value)
    if METRIC_NAME not in dict(series):
        raise Malformed(f"labels: expected {METRIC_NAME} among {shown(str([name for name, _ in pairs]))}")
    return series, run if usual else _run_of(series)


def _check(names: Sequence[str]) -> None:
    """Raises `Malformed` where they are not in their order, each once."""
    for one, next_one in pairwise(names):
        if one >= next_one:
            what = f"{shown(one)} stands twice" if one == next_one else f"{shown(next_one)} stands after {shown(one)}"
            raise Malformed(f"labels: expected names in their order, each once; {what}")


def _usual_pairs(run: bytes) -> list[tuple[str, str]] | None:
    """Names and values of labels that all are short, not empty and in their shortest encoding, as nearly all are."""
    pairs, at, size = [], 0, len(run)
    try:
        while at < size:
            name_stop = at + 4 + run[at + 3]
            stop = name_stop + 2 + run[name_stop + 1]
            if run[at : at + 3 : 2] != b"\x0a\x0a" or run[name_stop] != 0x12 or run[at + 1] != stop - at - 2:
                return None
            if stop - at > 0x7F or name_stop == at + 4 or stop == name_stop + 2:
                return None
            pairs.append((run[at + 4 : name_stop].decode(), run[name_stop + 2 : stop].decode()))
            at = stop
    except (IndexError, UnicodeDecodeError):
        return None  # whatever it is, the long way says
    return pairs if at == size else None


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


def _run_of(series: Labels) -> bytes:
    """The one shortest encoding of a label set, as Prometheus writes it."""
    return b"".join(
        delimited(1, delimited(_NAME, name.encode()) + delimited(_VALUE, value.encode())) for name, value in series
    )
