"""From vectors at several moments to one matrix: the result of a subquery or a range query."""

from collections.abc import Sequence

import numpy as np

from engine.promql.arrays import MISSING, IntArray
from engine.promql.index import Index
from engine.promql.moment import Evaluation
from engine.promql.vector import EMPTY, Vector
from engine.promql.window import Window, packed
from schemas.labels import Labels


def stacked(
    evaluation: Evaluation, times_ms: Sequence[int], vectors: Sequence[Vector], start_ms: int, end_ms: int
) -> tuple[Index, Window]:
    """The window whose samples at `times_ms[i]` are the elements of `vectors[i]`; its size is spent first."""
    index, positions = _united([vector.index for vector in vectors])
    evaluation.spend(len(vectors) * len(index))
    values = np.full((len(vectors), len(index)), MISSING)
    for row, vector in zip(values, vectors, strict=True):
        row[vector.pick(positions[id(vector.index)])] = vector.values
    times = np.array(times_ms, np.int64)[:, None]
    found = Window(None, np.full(len(index), len(vectors)), times, None, values, start_ms, end_ms)
    return index, packed(found) if not len(vectors) or np.isnan(values).any() else found


def _united(indices: Sequence[Index]) -> tuple[Index, dict[int, IntArray]]:
    """One index of all label sets, in order, and where the elements of each of `indices` (by identity) are in it."""
    distinct = {id(index): index for index in indices}
    if not distinct:
        return EMPTY.index, {}
    if len(distinct) == 1 and indices[0].distinct:
        return indices[0], {id(indices[0]): np.arange(len(indices[0]))}
    unnamed: dict[Labels, bool] = {}
    for index in distinct.values():
        flags = np.zeros(len(index), np.bool_) if index.unnamed is None else index.unnamed
        unnamed.update(zip(index.labels, flags.tolist(), strict=True))
    place = {labels: nth for nth, labels in enumerate(sorted(unnamed))}
    union = Index(tuple(place), np.array([unnamed[labels] for labels in place], np.bool_))
    return union, {
        key: np.array([place[labels] for labels in index.labels], np.int64) for key, index in distinct.items()
    }
