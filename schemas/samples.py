"""Samples on the wire: one columnar batch is one scrape of one source.

A batch names its series by the digest of their label sets (its *layout*). A publisher sends the label sets themselves
with the first batch of a layout after it connects, and again every `LAYOUT_REFRESH_MS`; every batch between carries
only numbers. So a steady source costs 8 bytes and no parsing a sample, and a reader that starts at any point of the
journal can name the series after at most one refresh.
"""

import hashlib
import math
import struct
import sys
from array import array
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from schemas.labels import Labels

LAYOUT_REFRESH_MS = 60_000

_Number = TypeVar("_Number", int, float)

STALE_BITS = 0x7FF0_0000_0000_0002
"""Bits of the NaN that says "this series ended", as Prometheus has it (model/value/value.go)."""

STALE: float = struct.unpack("<d", struct.pack("<Q", STALE_BITS))[0]


def is_stale(value: float) -> bool:
    """Whether `value` is the staleness marker rather than an ordinary number or NaN."""
    bits: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    return math.isnan(value) and bits == STALE_BITS


class Metadata(msgspec.Struct, frozen=True, array_like=True):
    """What a source says of a metric: its type (`counter`, `gauge`, `histogram` …, `unknown`), help and unit."""

    type: str
    help: str
    unit: str = ""


class SampleBatch(msgspec.Struct, frozen=True, kw_only=True, tag="samples", tag_field="kind", omit_defaults=True):
    """One scrape: `values[i]` is the sample of the layout's series `i`, all of them taken at `time_ms`.

    `values` are little-endian float64, 8 bytes a sample. `series` is None where the layout was sent before. With `at`,
    little-endian uint32, only these series of the layout have samples: `values[i]` is that of series `at[i]`, each at
    most once. `metadata` goes by metric name, and only with `series`.
    """

    time_ms: int
    layout: str
    values: bytes
    series: list[Labels] | None = None
    at: bytes | None = None
    metadata: dict[str, Metadata] | None = None


def layout_digest(series: Sequence[Labels]) -> str:
    """The name of a layout: a digest of its label sets in their order."""
    return hashlib.blake2b(msgspec.msgpack.encode(series), digest_size=12).hexdigest()


def pack_values(values: Sequence[float]) -> bytes:
    """The wire form of a column of float64, little-endian on every machine."""
    return _little(array("d", values)).tobytes()


def unpack_values(packed: bytes) -> Sequence[float]:
    """The numbers of a column; NaN payloads survive."""
    return _little(array("d", packed))


def pack_positions(at: Sequence[int]) -> bytes:
    """The wire form of positions in a layout: uint32, little-endian on every machine."""
    return _little(array("I", at)).tobytes()


def unpack_positions(packed: bytes) -> Sequence[int]:
    """The positions that `pack_positions` packed."""
    return _little(array("I", packed))


def _little(column: "array[_Number]") -> "array[_Number]":
    """From this machine's byte order to little-endian, or back."""
    if sys.byteorder == "big":
        column.byteswap()
    return column


def format_value(value: float) -> str:
    """A sample value as Prometheus' API prints it: the fewest digits that read back the same, never an exponent;
    `+Inf`, `-Inf`, `NaN`.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return format(Decimal(repr(value)), "f").removesuffix(".0")
