"""The label sets of a vector, and what can be derived from them once and used at every evaluation.

Labels change when series come and go, values at every sample. So everything that needs Python work for each series
(dropping the name, grouping, finding duplicates) is computed on an `Index`, which never changes, and kept there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.promql.arrays import IntArray
from engine.promql.fold import Fold
from schemas.labels import METRIC_NAME, Labels


@dataclass(frozen=True, slots=True)
class Grouping:
    """`by`/`on` these label names, or `without`/`ignoring` them and the metric name."""

    by: bool
    names: tuple[str, ...]

    def of(self, labels: Labels) -> Labels:
        if self.by:
            return tuple(pair for pair in labels if pair[0] in self.names)
        return tuple(pair for pair in labels if pair[0] not in self.names and pair[0] != METRIC_NAME)

    def closed(self, names: frozenset[str] | None) -> frozenset[str] | None:
        """The label names that can be left of `names` (None: any)."""
        if self.by:
            return frozenset(self.names) if names is None else names & frozenset(self.names)
        return None if names is None else names - frozenset(self.names) - {METRIC_NAME}


NAMELESS = Grouping(by=False, names=())


@dataclass(frozen=True, slots=True)
class Groups:
    """Element `i` of an index belongs to group `codes[i]`, which has the labels `index[codes[i]]`."""

    index: "Index"
    codes: IntArray
    fold: Fold


class Index:
    """An immutable sequence of label sets."""

    def __init__(self, labels: Sequence[Labels]) -> None:
        self.labels = tuple(labels)
        self._groups: dict[Grouping, Groups] = {}
        self._nameless: Index | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def codes(self) -> IntArray:
        """Equal numbers for equal label sets."""
        seen: dict[Labels, int] = {}
        return np.array([seen.setdefault(labels, len(seen)) for labels in self.labels], np.int64)

    @cached_property
    def distinct(self) -> bool:
        """Whether no two label sets are equal."""
        return len(set(self.labels)) == len(self.labels)

    @property
    def nameless(self) -> "Index":
        """The same label sets without metric name; the positions stay, even where sets become equal."""
        if self._nameless is None:
            self._nameless = Index([NAMELESS.of(labels) for labels in self.labels])
            self._nameless._nameless = self._nameless
        return self._nameless

    def grouped(self, grouping: Grouping) -> Groups:
        """The groups in the order of their first element."""
        groups = self._groups.get(grouping)
        if groups is None:
            groups = self._groups[grouping] = self._group(grouping)
        return groups

    def _group(self, grouping: Grouping) -> Groups:
        seen: dict[Labels, int] = {}
        codes = np.array([seen.setdefault(grouping.of(labels), len(seen)) for labels in self.labels], np.int64)
        return Groups(Index(tuple(seen)), codes, Fold(codes, len(seen)))


ONE = Index([()])
"""The index of a single element without labels."""
