"""The series that a selector picks, and their samples: one column, or one matrix, over all blocks that they lie in."""

from collections.abc import Iterator, Sequence

import numpy as np

from engine.promql.arrays import MISSING, FloatArray, IntArray
from engine.promql.block import NEVER_MS
from engine.promql.columns import Columns, Part
from engine.promql.index import Index
from engine.promql.window import Window, packed
from schemas.labels import Labels

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
        self._known: _Newest | None = None

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
        known = self._known
        if known is None or known.parts is not parts or not known.may_serve(start_ms, end_ms):
            known = self._known = _Newest(parts, len(self.rows))
        return known.between(start_ms, end_ms)

    def window(self, start_ms: int, end_ms: int) -> Window:
        """The series that have samples in (start_ms, end_ms], with these samples, block by block."""
        parts = self._lie_in()
        spans = [part.block.span(start_ms, end_ms) for part in parts]
        depth = max((span.stop - span.start for span in spans), default=0)
        if not depth:
            return Window(_NOWHERE, _NOWHERE, np.empty((0, 1), np.int64), None, np.empty((0, 0)), start_ms, end_ms)
        found = Window(
            at=self._at,
            counts=np.full(len(self.rows), depth),
            lines_ms=np.stack([_lines_ms(*each, depth) for each in zip(parts, spans, strict=True)], axis=1),
            line_of=self._part_of,
            values=_beside([_values(*each, depth) for each in zip(parts, spans, strict=True)]),
            start_ms=start_ms,
            end_ms=end_ms,
        )
        regular = all(
            span.stop - span.start == depth and not part.block.may_have_gaps(span)
            for part, span in zip(parts, spans, strict=True)
        )
        return found if regular else packed(found)

    def _lie_in(self) -> list[Part]:
        if self._arrangement != self._columns.arrangement:
            self._arrangement = self._columns.arrangement
            self._parts = self._columns.parts(self.rows)
            self._at, self._part_of = _order(self._parts, len(self.rows))
        return self._parts


class _Newest:
    """The newest cells of series in many parts, looked for anew only where samples have come.

    Many small sources each bring a few series of a selection; without this, each would cost as much as all.
    """

    def __init__(self, parts: Sequence[Part], size: int) -> None:
        self.parts = parts
        self._changes = [-1] * len(parts)
        self._values = np.full(size, MISSING)
        self._times_ms = np.full(size, NEVER_MS)
        self._start_ms = self._latest_ms = NEVER_MS

    def may_serve(self, start_ms: int, end_ms: int) -> bool:
        """Whether nothing that is looked for may have been passed over: time has not gone back."""
        return start_ms >= self._start_ms and end_ms >= self._latest_ms

    def between(self, start_ms: int, end_ms: int) -> tuple[FloatArray, IntArray]:
        """Of each series the newest cell in (start_ms, end_ms] that is not empty, and its time."""
        changes, values, times_ms = self._changes, self._values, self._times_ms
        for nth, part in enumerate(self.parts):
            block = part.block
            if changes[nth] != block.changes:
                values[part.positions], times_ms[part.positions] = block.newest(start_ms, end_ms, part.columns)
                # What is newer than `end_ms` was passed over, so this part is looked at again.
                changes[nth] = block.changes if block.newest_ms <= end_ms else -1
                self._latest_ms = max(self._latest_ms, min(block.newest_ms, end_ms))
        self._start_ms = max(self._start_ms, start_ms)
        return np.where(times_ms > start_ms, values, MISSING), times_ms.copy()


def _order(parts: Sequence[Part], size: int) -> tuple[IntArray | None, IntArray | None]:
    """For each column of all parts side by side its position (None: in order), and its part (None: there is one)."""
    if len(parts) == 1:
        return (None if isinstance(parts[0].positions, slice) else parts[0].positions), None
    every, widths = np.arange(size), [part.width for part in parts]
    positions = [every[part.positions] for part in parts]
    return np.concatenate([every[:0], *positions]), np.repeat(np.arange(len(parts)), widths)


def _values(part: Part, span: slice, depth: int) -> FloatArray:
    """(depth, width): the cells of these lines, aligned at the end."""
    values = part.block.values[span][:, part.columns]
    if len(values) == depth:
        return values
    return np.concatenate([np.full((depth - len(values), part.width), MISSING), values])


def _lines_ms(part: Part, span: slice, depth: int) -> IntArray:
    """(depth,): the times of these lines, aligned at the end."""
    times_ms = part.block.times_ms[span]
    return times_ms if len(times_ms) == depth else np.concatenate([np.zeros(depth - len(times_ms), np.int64), times_ms])


def _beside(matrices: Sequence[FloatArray]) -> FloatArray:
    return matrices[0] if len(matrices) == 1 else np.concatenate(matrices, axis=1)
