"""What happens to a group with more values than are kept. What may still come in any order is left as it is.

An attacker who sends much must not hide what counts: of what is counted the newest of each value stays, what is added
up becomes coarser in time but keeps its sum. Only percentiles are of the newest values alone.
"""

from array import array
from itertools import groupby
from typing import Any

from engine.sigma.correlate_measures import lump
from engine.sigma.correlate_window import Thinned, ValueShape


def one_of_each(times: "array[int]", items: list[Any], shape: ValueShape) -> Thinned:
    """The newest of each value, and of these the newest."""
    begin, old = _bounds(times, shape)
    newest: dict[Any, int] = {}
    for position in range(old - 1, begin - 1, -1):
        newest.setdefault(items[position], position)
    positions = sorted(newest.values())
    lost = max(len(positions) - shape.kept, 0)
    chosen = [*positions[lost:], *range(old, len(times))]
    return [times[each] for each in chosen], [items[each] for each in chosen], lost


def lumped(times: "array[int]", items: list[Any], shape: ValueShape) -> Thinned:
    """Those of each part of the window in one, at the time of the newest: they leave the window together."""
    begin, old = _bounds(times, shape)
    slot_ms = -(-shape.span_ms // max(shape.kept // 2, 1))
    new_times, new_items = [], []
    for _, positions in groupby(range(begin, old), lambda position: times[position] // slot_ms):
        first, *others = positions
        new_times.append(times[others[-1] if others else first])
        new_items.append(lump([items[first], *(items[each] for each in others)]) if others else items[first])
    return [*new_times, *times[old:]], [*new_items, *items[old:]], 0


def newest(times: "array[int]", items: list[Any], shape: ValueShape) -> Thinned:
    """The newest values."""
    begin, old = _bounds(times, shape)
    first = max(begin, old - shape.kept)
    return times[first:].tolist(), items[first:], first - begin


def _bounds(times: "array[int]", shape: ValueShape) -> tuple[int, int]:
    """Where what a window can hold begins, and from where on order may change."""
    old = len(times) - shape.reorder
    return min(shape.gone(times), old), old
