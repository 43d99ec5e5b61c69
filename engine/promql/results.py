"""What a query answers: a value of one of PromQL's four types, with the remarks made on the way."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.promql.arrays import FloatArray, IntArray
from engine.promql.index import Index
from engine.promql.notes import Note
from engine.promql.vector import Vector
from engine.promql.window import Window
from schemas.labels import Labels

ResultType = Literal["scalar", "vector", "matrix", "string"]


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one series, oldest first, at least one."""

    labels: Labels
    times_ms: IntArray
    values: FloatArray


Matrix = tuple[Series, ...]
"""Series in the order of their labels."""

Value = float | Vector | Matrix | str


@dataclass(frozen=True, slots=True)
class Answer:
    """`type` says of which type `value` is, as the HTTP API names it: float, `Vector`, `Matrix` or str."""

    type: ResultType
    value: Value
    notes: tuple[Note, ...]


def type_of(value: Value) -> ResultType:
    match value:
        case Vector():
            return "vector"
        case str():
            return "string"
        case tuple():
            return "matrix"
    return "scalar"


def matrix(index: Index, window: Window) -> Matrix:
    """Each series of the window with its points."""
    positions = range(len(index)) if window.at is None else window.at.tolist()
    times_ms = np.broadcast_to(window.times_ms, window.values.shape)
    series = [
        Series(index.settled.labels[at], times_ms[-count:, column].copy(), window.values[-count:, column].copy())
        for column, (at, count) in enumerate(zip(positions, window.counts.tolist(), strict=True))
    ]
    return tuple(sorted(series, key=lambda each: each.labels))
