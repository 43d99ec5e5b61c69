"""The names of the array types, so that signatures say what a column holds, and the marker of an empty cell."""

import numpy as np
from numpy.typing import NDArray

from schemas.samples import STALE_BITS

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Places = slice | IntArray
"""Positions in a column: a slice where they are consecutive, which costs no copy."""

_MISSING_BITS = 0x7FF0_0000_0000_0003
MISSING = float(np.array([_MISSING_BITS], np.uint64).view(np.float64)[0])
"""The NaN of a cell that holds no sample. It never leaves this package."""


def is_sample(values: FloatArray) -> BoolArray:
    """Which cells hold a sample: neither empty nor a staleness marker."""
    bits = values.view(np.uint64)
    sampled: BoolArray = (bits != _MISSING_BITS) & (bits != STALE_BITS)
    return sampled


def is_missing(values: FloatArray) -> BoolArray:
    """Which cells are empty."""
    missing: BoolArray = values.view(np.uint64) == _MISSING_BITS
    return missing


def places(positions: IntArray) -> Places:
    """`positions` (at least one) as a slice if they are consecutive."""
    first, last = int(positions[0]), int(positions[-1])
    if last - first + 1 == len(positions) and (positions[1:] > positions[:-1]).all():
        return slice(first, last + 1)
    return positions
