"""What is measured of the values in a window: how many differ, their sum, mean or a percentile.

A measure is told what comes into the window and what leaves it, and is the same whatever the order was: sums are exact.
"""

import math
import sys
from bisect import bisect_left, insort
from typing import Any, NamedTuple, Protocol

Real = int | float


class Lump(NamedTuple):
    """Several numbers in one."""

    total: Real
    events: int


class Measure(Protocol):
    def add(self, item: Any) -> None: ...

    def remove(self, item: Any) -> None:
        """One that was added."""

    def value(self) -> float:
        """Of at least one item."""


class Distinct:
    """How many different values there are."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: dict[str, int] = {}

    def add(self, item: str) -> None:
        self._times[item] = self._times.get(item, 0) + 1

    def remove(self, item: str) -> None:
        left = self._times[item] - 1
        if left:
            self._times[item] = left
        else:
            del self._times[item]

    def value(self) -> float:
        return len(self._times)


class Total:
    """The sum: an integer of 2^-bits, for any float is an integer times a power of two."""

    __slots__ = ("_bits", "_total", "count")

    def __init__(self) -> None:
        self._total = 0
        self._bits = 0
        self.count = 0

    def add(self, item: Real | Lump) -> None:
        number, count = item if isinstance(item, tuple) else (item, 1)
        self.count += count
        scaled = self._scaled(number)
        self._total += scaled

    def remove(self, item: Real | Lump) -> None:
        number, count = item if isinstance(item, tuple) else (item, 1)
        self.count -= count
        scaled = self._scaled(number)
        self._total -= scaled

    def _scaled(self, number: Real) -> int:
        """The number in the unit of the total, which becomes finer first where it has to."""
        numerator, denominator = number.as_integer_ratio()
        bits = denominator.bit_length() - 1
        if bits > self._bits:
            self._total <<= bits - self._bits
            self._bits = bits
        return numerator << (self._bits - bits)

    def value(self) -> float:
        return _divided(self._total, 1 << self._bits)


class Mean(Total):
    """The sum by the count."""

    __slots__ = ()

    def value(self) -> float:
        return _divided(self._total, self.count << self._bits)


class Ranked:
    """A percentile, between two values by linear interpolation: of two, the median is their mean."""

    __slots__ = ("_percent", "_sorted")

    def __init__(self, percent: float) -> None:
        self._percent = percent
        self._sorted: list[Real] = []

    def add(self, item: Real) -> None:
        insort(self._sorted, item)

    def remove(self, item: Real) -> None:
        del self._sorted[bisect_left(self._sorted, item)]

    def value(self) -> float:
        place = (len(self._sorted) - 1) * self._percent / 100
        below = math.floor(place)
        low, high = self._sorted[below], self._sorted[math.ceil(place)]
        return float(low) if low == high else low + (high - low) * (place - below)


def _divided(numerator: int, denominator: int) -> float:
    """The nearest float, or infinity."""
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf


def lump(items: list[Real | Lump]) -> Lump:
    """Some items of a sum in one, its total the nearest float that is finite."""
    whole = Total()
    for item in items:
        whole.add(item)
    total = whole.value()
    return Lump(math.copysign(min(abs(total), sys.float_info.max), total), whole.count)
