"""A known layout: which series of a source are kept and where, and which rules their samples trigger."""

from dataclasses import dataclass, field

import numpy as np

from engine.promql import FloatArray, IntArray

DROPPED = -1
"""The row of a series that is not kept."""


@dataclass(slots=True)
class Layout:
    """`rows[i]` is the store's row of the layout's series `i`, or `DROPPED`.

    `triggered` are positions in the program's rules that are evaluated on arrival. `refused` of its series are wanted
    and have no place in the store. `as_of` is the store's generation in which that was found. `used_ms` is when a batch
    of it came last.
    """

    rows: IntArray
    triggered: tuple[int, ...] = ()
    used_ms: int = 0
    refused: int = 0
    as_of: int = -1
    kept: IntArray | None = field(init=False)
    """The positions of the series that are kept; None: of all."""
    kept_rows: IntArray = field(init=False)

    def __post_init__(self) -> None:
        self.place(self.rows)

    def place(self, rows: IntArray) -> None:
        """From now on its series are in these rows."""
        self.rows = rows
        kept = np.flatnonzero(rows != DROPPED)
        self.kept = None if len(kept) == len(rows) else kept
        # Always the same array while nothing changes, so that the store remembers the way to its columns.
        self.kept_rows = rows if self.kept is None else rows[kept]

    def samples(self, values: FloatArray, at: IntArray | None) -> tuple[IntArray, FloatArray]:
        """Rows and values of those samples of one scrape that are kept; `at` as in `SampleBatch`."""
        if at is None:
            return self.kept_rows, values if self.kept is None else values[self.kept]
        rows = self.rows[at]
        if self.kept is None:
            return rows, values
        wanted = rows != DROPPED
        return rows[wanted], values[wanted]
