"""Vector matching: which elements of two vectors belong together, and what labels a pair has.

All work on labels is done once for two indices and remembered while they stay the same; an evaluation only looks up.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.promql.arrays import FloatArray, IntArray
from engine.promql.errors import PromqlError
from engine.promql.formatting import braces
from engine.promql.grouping import NAMELESS, Grouping, nameless
from engine.promql.index import Index
from engine.promql.vector import EMPTY, Vector
from schemas.labels import METRIC_NAME, Labels, canonical

Cardinality = Literal["one-to-one", "many-to-one", "one-to-many"]


@dataclass(frozen=True, slots=True)
class Matching:
    """`on`/`ignoring` (the grouping) with `group_left`/`group_right` and the labels to take over from the one side."""

    grouping: Grouping = NAMELESS
    cardinality: Cardinality = "one-to-one"
    include: tuple[str, ...] = ()


class Alignment:
    """Numbers the match groups of two indices together: elements match when their codes are equal."""

    def __init__(self, left: Index, right: Index, grouping: Grouping) -> None:
        self.left, self.right = left, right
        left_groups, right_groups = left.grouped(grouping), right.grouped(grouping)
        known = {labels: code for code, labels in enumerate(left_groups.index.labels)}
        translation = [known.setdefault(labels, len(known)) for labels in right_groups.index.labels]
        self.left_codes = left_groups.codes
        self.right_codes = np.array(translation, np.int64)[right_groups.codes]
        self.groups = tuple(known)


class Aligner:
    """The alignment of the two indices that a node last met."""

    def __init__(self, grouping: Grouping) -> None:
        self._grouping = grouping
        self._last = Alignment(EMPTY.index, EMPTY.index, grouping)

    def align(self, left: Index, right: Index) -> Alignment:
        if self._last.left is not left or self._last.right is not right:
            self._last = Alignment(left, right, self._grouping)
        return self._last


class Join:
    """Pairs the elements of two vectors for one operator. `keeps_name`: as comparisons do."""

    def __init__(self, matching: Matching, keeps_name: bool) -> None:
        self._matching = matching
        self._keeps_name = keeps_name
        self._swapped = matching.cardinality == "one-to-many"
        self._aligner = Aligner(matching.grouping)
        self._result_of: Alignment | None = None
        self._partners = np.empty(0, np.int64)
        self._result = EMPTY.index

    def pair(self, left: Vector, right: Vector) -> tuple[Vector, FloatArray]:
        """The left values under the labels of the result, and the right values beside them.

        Raises `PromqlError` where it is not clear what belongs together.
        """
        many, one = (right, left) if self._swapped else (left, right)
        if not len(many) or not len(one):
            return EMPTY, EMPTY.values
        alignment = self._aligner.align(many.index, one.index)
        one_codes = one.pick(alignment.right_codes)
        many_codes = many.pick(alignment.left_codes)
        element_of = np.full(len(alignment.groups), -1)
        element_of[one_codes] = np.arange(len(one))
        self._check_one_side(alignment, one, one_codes)
        matched = np.flatnonzero(element_of[many_codes] >= 0)
        if self._matching.cardinality == "one-to-one":
            self._check_many_side(many_codes[matched])
        partner = element_of[many_codes[matched]]
        positions = matched if many.at is None else many.at[matched]
        result = Vector(self._result_index(alignment, one, element_of), positions, many.values[matched])
        if result.has_duplicates():
            raise PromqlError("multiple matches for labels: grouping labels must ensure unique matches")
        values = one.values[partner]
        return (result.with_values(values), result.values) if self._swapped else (result, values)

    def _result_index(self, alignment: Alignment, one: Vector, element_of: IntArray) -> Index:
        """The labels that each element of the many side has in the result, as far as it has a partner."""
        partners = np.full(len(alignment.left), -1)
        if self._matching.include:
            element = element_of[alignment.left_codes]
            partners = np.where(element < 0, -1, element if one.at is None else one.at[element])
        if self._result_of is not alignment or not np.array_equal(partners, self._partners):
            one_labels = (*alignment.right.labels, ())
            labels = zip(alignment.left.labels, partners.tolist(), strict=True)
            self._result = Index(
                [self._result_labels(many, one_labels[partner]) for many, partner in labels], alignment.left.unnamed
            )
            self._result_of, self._partners = alignment, partners
        return self._result

    def _result_labels(self, many: Labels, one: Labels) -> Labels:
        if not self._keeps_name:
            many = nameless(many)
        grouping = self._matching.grouping
        if self._matching.cardinality == "one-to-one":
            if grouping.by:
                return grouping.of(many)
            return tuple(pair for pair in many if pair[0] not in grouping.names)
        taken = dict(one)
        return canonical({**dict(many), **{name: taken.get(name, "") for name in self._matching.include}})

    def _check_one_side(self, alignment: Alignment, one: Vector, codes: IntArray) -> None:
        counts = np.bincount(codes)
        if counts.max() == 1:
            return
        group = int(codes[counts[codes] > 1][0])
        first, second = (braces(one.labels[i]) for i in np.flatnonzero(codes == group)[:2].tolist())
        raise PromqlError(
            f"found duplicate series for the match group {braces(alignment.groups[group])} on the "
            f"{'left' if self._swapped else 'right'} hand-side of the operation: [{first}, {second}];"
            "many-to-many matching not allowed: matching labels must be unique on one side"
        )

    def _check_many_side(self, codes: IntArray) -> None:
        if np.bincount(codes).max(initial=0) > 1:
            raise PromqlError(
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
            )

    def closed(self, left: frozenset[str] | None, right: frozenset[str] | None) -> frozenset[str] | None:
        """The label names that a result can have, from those of the operands."""
        many = right if self._swapped else left
        one_to_one, grouping = self._matching.cardinality == "one-to-one", self._matching.grouping
        if one_to_one and grouping.by:
            return grouping.closed(many)
        if many is None:
            return None
        kept = many if self._keeps_name else many - {METRIC_NAME}
        return kept - frozenset(grouping.names) if one_to_one else kept | frozenset(self._matching.include)
