"""The series that a selector picks, and their samples: one column, or one matrix, over all blocks that they lie in."""

from collections.abc import Iterator, Sequence

import numpy as np

from engine.promql.arrays import FloatArray, IntArray
from engine.promql.columns import Columns, Part, are_valid
from engine.promql.gathered import Lines, Newest
from engine.promql.index import Index
from engine.promql.window import Window, packed
from schemas.labels import Labels

MOST_RANGES = 4
"""Of so many ranges over one selection the lines are remembered: rules look back over few, people over any."""
_NOWHERE = np.empty(0, np.int64)


class Selection:
    """Some series in the order of their labels, as of one `version` of their metric's family.

    What is known of the labels of the selection `before`, whose place this one takes, is taken over.
    """

    def __init__(
        self,
        columns: Columns,
        rows: Sequence[int],
        labels: Sequence[Labels],
        version: int,
        before: "Selection | None" = None,
    ) -> None:
        self.rows = np.array(rows, np.int64)
        self.index = Index(labels)
        if before is not None:
            self.index.take_over(before.index, self._places_in(before))
        self.version = version
        self._columns = columns
        self._arrangement = -1
        self._parts: list[Part] = []
        self._at: IntArray | None = _NOWHERE
        self._part_of: IntArray | None = None
        self._newest: Newest | None = None
        self._lines: dict[int, Lines] = {}

    def series(self) -> Iterator[tuple[int, Labels]]:
        """Row and labels of each."""
        return zip(self.rows.tolist(), self.index.labels, strict=True)

    def _places_in(self, before: "Selection") -> IntArray:
        """Where each series was; -1 for those that were not there, though another may have had their row."""
        place_of = np.full(max(self.rows.max(initial=0), before.rows.max(initial=0)) + 1, -1)
        place_of[before.rows] = np.arange(len(before.rows))
        labels = (*before.index.labels, ())
        places = zip(place_of[self.rows].tolist(), self.index.labels, strict=True)
        return np.array([place if labels[place] is mine else -1 for place, mine in places], np.int64)

    def newest(self, start_ms: int, end_ms: int) -> tuple[FloatArray, IntArray]:
        """For each series its newest sample or staleness marker in (start_ms, end_ms], `MISSING` for none; and its
        time, one for all or one for each.
        """
        parts = self._lie_in()
        if self._at is None:
            return parts[0].block.newest(start_ms, end_ms, parts[0].columns)
        known = self._newest
        if known is None or known.parts is not parts or not known.may_serve(start_ms, end_ms):
            known = self._newest = Newest(parts, len(self.rows))
        return known.between(start_ms, end_ms)

    def was_seen_after(self, time_ms: int) -> bool:
        """Whether one of the series had a sample or staleness marker later than that."""
        return any(part.block.was_seen_after(time_ms, part.columns) for part in self._lie_in())

    def window(self, start_ms: int, end_ms: int) -> Window:
        """The series that have samples in (start_ms, end_ms], with these samples, block by block."""
        parts = self._lie_in()
        if len(parts) == 1:
            return self._of_part(parts[0], start_ms, end_ms)
        assert self._at is not None
        assert self._part_of is not None
        known = self._lines.pop(end_ms - start_ms, None)
        if known is None or known.parts is not parts or not known.may_serve(start_ms, end_ms):
            known = Lines(parts, self._at, self._part_of)
        self._lines[end_ms - start_ms] = known
        if len(self._lines) > MOST_RANGES:  # the one that was asked for least recently
            del self._lines[next(iter(self._lines))]
        return known.between(start_ms, end_ms)

    def _of_part(self, part: Part, start_ms: int, end_ms: int) -> Window:
        span = part.block.span(start_ms, end_ms)
        depth = span.stop - span.start
        found = Window(
            at=self._at,
            counts=np.full(len(self.rows), depth),
            lines_ms=part.block.times_ms[span][:, None],
            line_of=None,
            values=part.block.values[span][:, part.columns],
            start_ms=start_ms,
            end_ms=end_ms,
        )
        return packed(found) if not depth or part.block.may_have_gaps(span) else found

    def _lie_in(self) -> list[Part]:
        if self._arrangement != self._columns.arrangement:
            if self._arrangement < 0 or not are_valid(self._parts):
                self._parts = self._columns.parts(self.rows)
                self._at, self._part_of = _order(self._parts, len(self.rows))
            self._arrangement = self._columns.arrangement
        return self._parts


def _order(parts: Sequence[Part], size: int) -> tuple[IntArray | None, IntArray | None]:
    """For each column of all parts side by side its position (None: in order), and its part (None: there is one)."""
    if len(parts) == 1:
        return (None if isinstance(parts[0].positions, slice) else parts[0].positions), None
    every, widths = np.arange(size), [part.width for part in parts]
    positions = [every[part.positions] for part in parts]
    return np.concatenate([every[:0], *positions]), np.repeat(np.arange(len(parts)), widths)
