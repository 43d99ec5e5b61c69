"""`histogram_quantile`, `histogram_quantiles` and `histogram_fraction` of classic histograms."""

from dataclasses import dataclass, field

import numpy as np

from engine.promql.arrays import BoolArray, IntArray
from engine.promql.buckets import Buckets, buckets_of
from engine.promql.formatting import shortest
from engine.promql.grouping import value_of
from engine.promql.index import Index
from engine.promql.moment import Moment
from engine.promql.nodes import LabelNames, Node, scalar_of, vector_of
from engine.promql.notes import bad_bucket_label, not_monotonic, quantile_out_of_range
from engine.promql.vector import EMPTY, Value, Vector, distinct
from schemas.labels import METRIC_NAME, Labels, canonical

BOUND = "le"


class _Membership:
    """Which histogram each element of an index is a bucket of, and up to what bound (NaN: none that can be read)."""

    def __init__(self, index: Index) -> None:
        seen: dict[Labels, int] = {}
        self.of = index
        self.codes = np.array([seen.setdefault(_without_bound(each), len(seen)) for each in index.labels], np.int64)
        self.bounds = np.array([_bound(value_of(each, BOUND)) for each in index.labels], np.float64)
        unnamed = np.ones(len(seen), np.bool_) if index.unnamed is not None else None
        self.index = Index(tuple(seen), unnamed)


def _without_bound(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] != BOUND)


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


@dataclass
class _Histograms:
    """The histograms `present` of an index; element `i` of `of` is a bucket of the one numbered `codes[i]`."""

    index: Index
    present: IntArray
    buckets: Buckets
    of: Vector
    codes: IntArray

    def names(self, which: BoolArray) -> set[str]:
        """The metric names of the buckets of these histograms."""
        return {self.of.index.names[at] for at in self.of.positions[which[self.codes]].tolist()}


@dataclass
class Collector:
    """Puts the buckets of a vector together to histograms, whose labels are theirs without the bound."""

    child: Node
    _known: _Membership = field(default_factory=lambda: _Membership(EMPTY.index))

    @property
    def output_labels(self) -> LabelNames:
        names = self.child.output_labels
        return None if names is None else names - {BOUND, METRIC_NAME}

    def collect(self, moment: Moment) -> _Histograms | None:
        """None where there is no bucket."""
        vector = vector_of(self.child, moment)
        index = moment.nameless_index(vector.index)
        if self._known.of is not index:
            self._known = _Membership(index)
        bounds = self._known.bounds[vector.positions]
        readable = ~np.isnan(bounds)
        if not readable.all():
            _note_unreadable(moment, vector.where(~readable))
            vector, bounds = vector.where(readable), bounds[readable]
        if not len(vector):
            return None
        present, codes = np.unique(vector.pick(self._known.codes), return_inverse=True)
        buckets = buckets_of(codes, len(present), bounds, vector.values)
        return _Histograms(self._known.index, present, buckets, vector, codes)


def _note_unreadable(moment: Moment, vector: Vector) -> None:
    for labels in vector.labels:
        moment.evaluation.note(bad_bucket_label(value_of(labels, BOUND), value_of(labels, METRIC_NAME)))


@dataclass
class HistogramQuantile:
    """One quantile of each histogram or, with a `label` to tell them apart, several."""

    phis: tuple[Node, ...]
    collector: Collector
    label: str | None = None

    @property
    def output_labels(self) -> LabelNames:
        names = self.collector.output_labels
        return names if names is None or self.label is None else names | {self.label}

    def evaluate(self, moment: Moment) -> Value:
        phis = [scalar_of(phi, moment) for phi in self.phis]
        for phi in phis:
            if not 0 <= phi <= 1:
                moment.evaluation.note(quantile_out_of_range(phi))
        histograms = self.collector.collect(moment)
        if histograms is None:
            return EMPTY
        forced = histograms.buckets.made_monotonic() & histograms.buckets.complete
        if any(0 <= phi <= 1 for phi in phis):
            moment.evaluation.note(*map(not_monotonic, sorted(histograms.names(forced))))
        columns = [histograms.buckets.quantile(phi) for phi in phis]
        if self.label is None:
            return distinct(Vector(histograms.index, histograms.present, columns[0]))
        labelled = [self._labelled(histograms, self.label, phi) for phi in phis]
        return distinct(Vector(Index([each for part in labelled for each in part]), None, np.concatenate(columns)))

    @staticmethod
    def _labelled(histograms: _Histograms, label: str, phi: float) -> list[Labels]:
        of = [histograms.index.settled.labels[at] for at in histograms.present.tolist()]
        return [canonical(dict(labels) | {label: shortest(phi)}) for labels in of]


@dataclass
class HistogramFraction:
    """The share of observations between two values."""

    lower: Node
    upper: Node
    collector: Collector

    @property
    def output_labels(self) -> LabelNames:
        return self.collector.output_labels

    def evaluate(self, moment: Moment) -> Value:
        lower, upper = scalar_of(self.lower, moment), scalar_of(self.upper, moment)
        histograms = self.collector.collect(moment)
        if histograms is None:
            return EMPTY
        return distinct(Vector(histograms.index, histograms.present, histograms.buckets.fraction(lower, upper)))
