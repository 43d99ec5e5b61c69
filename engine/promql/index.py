"""The label sets of a vector, and what can be derived from them once and used at every evaluation.

Labels change when series come and go, values at every sample. So everything that needs Python work for each series
(dropping the name, grouping, finding duplicates) is computed on an `Index`, which never changes, and kept there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.promql.arrays import BoolArray, IntArray
from engine.promql.fold import Fold
from engine.promql.grouping import Grouping, nameless, value_of
from schemas.labels import METRIC_NAME, Labels

_FEW = 8
"""So many label sets are faster looked for in a sequence than put into a set with all others."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Element `i` of an index belongs to group `codes[i]`, which has the labels `index[codes[i]]`."""

    index: "Index"
    codes: IntArray
    fold: Fold


@dataclass(frozen=True)
class Before:
    """The index that another one takes the place of: its element `i` was at `places[i]`, -1 if it was not there."""

    index: "Index"
    places: IntArray

    @cached_property
    def new(self) -> list[int]:
        """Which elements were not there."""
        new: list[int] = np.flatnonzero(self.places < 0).tolist()
        return new


class Index:
    """An immutable sequence of label sets.

    `unnamed` says which of them lose their name when the whole expression is evaluated (None: none); only with
    delayed name removal is there any.
    """

    def __init__(self, labels: Sequence[Labels], unnamed: BoolArray | None = None) -> None:
        self.labels = tuple(labels)
        self.unnamed = unnamed if unnamed is not None and unnamed.any() else None
        self._before: Before | None = None
        self._groups: dict[Grouping, Groups] = {}
        self._nameless: Index | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take_over(self, before: "Index", places: IntArray) -> None:
        """Derive anew only what is new since `before`, where each of these label sets was at `places` (-1: nowhere)."""
        before._before = None  # one generation is enough
        self._before = Before(before, places)

    @cached_property
    def codes(self) -> IntArray:
        """Equal numbers for equal label sets."""
        seen: dict[Labels, int] = {}
        return np.array([seen.setdefault(labels, len(seen)) for labels in self.labels], np.int64)

    @cached_property
    def distinct(self) -> bool:
        """Whether no two label sets are equal."""
        before = self._before
        if before is not None and before.index.distinct and len(before.new) <= _FEW:
            return all(self.labels.count(self.labels[at]) == 1 for at in before.new)
        return len(set(self.labels)) == len(self.labels)

    @property
    def nameless(self) -> "Index":
        """The same label sets without metric name; the positions stay, even where sets become equal."""
        if self._nameless is None:
            self._nameless = self._without_names()
            self._nameless._nameless = self._nameless
        return self._nameless

    def _without_names(self) -> "Index":
        before = self._before
        if before is None or before.index._nameless is None:
            return Index([nameless(labels) for labels in self.labels])
        known = before.index._nameless
        pairs = zip(before.places.tolist(), self.labels, strict=True)
        labels = [known.labels[place] if place >= 0 else nameless(labels) for place, labels in pairs]
        index = Index(labels)
        index.take_over(known, before.places)
        return index

    @cached_property
    def to_be_nameless(self) -> "Index":
        """The same label sets, all of which lose their name in the end."""
        return Index(self.labels, np.ones(len(self.labels), np.bool_))

    @cached_property
    def settled(self) -> "Index":
        """The label sets in the end."""
        if self.unnamed is None:
            return self
        pairs = zip(self.labels, self.unnamed.tolist(), strict=True)
        return Index([nameless(labels) if unnamed else labels for labels, unnamed in pairs])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The metric name of each element."""
        return tuple(value_of(labels, METRIC_NAME) for labels in self.labels)

    def grouped(self, grouping: Grouping) -> Groups:
        """The groups in the order of their first element."""
        groups = self._groups.get(grouping)
        if groups is None:
            groups = self._groups[grouping] = self._group(grouping)
        return groups

    def _group(self, grouping: Grouping) -> Groups:
        before = self._before
        if before is not None and grouping in before.index._groups:
            return self._regroup(grouping, before, before.index._groups[grouping])
        seen: dict[Labels, int] = {}
        codes = np.array([seen.setdefault(grouping.of(labels), len(seen)) for labels in self.labels], np.int64)
        fold = Fold(codes, len(seen))
        unnamed = None if self.unnamed is None else fold.any(self.unnamed)
        return Groups(Index(tuple(seen), unnamed), codes, fold)

    def _regroup(self, grouping: Grouping, before: Before, groups: Groups) -> Groups:
        """The groups as they were, with what is new put among them. The same index if they are the same groups."""
        numbers = {labels: code for code, labels in enumerate(groups.index.labels)}
        codes = groups.codes[before.places] if len(groups.codes) else before.places.copy()
        for at in before.new:
            codes[at] = numbers.setdefault(grouping.of(self.labels[at]), len(numbers))
        there, first, codes = np.unique(codes, return_index=True, return_inverse=True)
        order = np.argsort(first)  # in the order of their first element
        renumbered = np.empty_like(order)
        renumbered[order] = np.arange(len(order))
        every = tuple(numbers)
        labels = tuple(every[code] for code in there[order].tolist())
        index = groups.index if labels == groups.index.labels else Index(labels)
        return Groups(index, renumbered[codes], Fold(renumbered[codes], len(labels)))


class Derived:
    """What is derived from the index that a node last met."""

    def __init__(self, derive: Callable[[Index], Index]) -> None:
        self._derive = derive
        self._of: Index | None = None
        self._derived = ONE

    def of(self, index: Index) -> Index:
        if self._of is not index:
            self._of, self._derived = index, self._derive(index)
        return self._derived


def joined(left: Index, right: Index) -> Index:
    """The elements of both, one after the other."""
    if left.unnamed is None and right.unnamed is None:
        return Index(left.labels + right.labels)
    unnamed = [np.zeros(len(each), np.bool_) if each.unnamed is None else each.unnamed for each in (left, right)]
    return Index(left.labels + right.labels, np.concatenate(unnamed))


ONE = Index([()])
"""The index of a single element without labels."""
