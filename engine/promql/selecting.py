"""The nodes that look at samples: instant selectors, range selectors, subqueries, and the functions over ranges."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.promql.arrays import FloatArray, is_sample
from engine.promql.index import Index
from engine.promql.moment import Moment
from engine.promql.nodes import LabelNames, Node, scalar_of, vector_of
from engine.promql.range_functions import RangeFunction
from engine.promql.selection import Selection
from engine.promql.selector import LOOKBACK_MS, Anchor, Selector
from engine.promql.stacking import stacked
from engine.promql.store import Store
from engine.promql.vector import Value, Vector, in_order
from engine.promql.window import Window


class _Selecting:
    """Keeps the selection of a selector alive, which the store shares among all rules that have the same one."""

    selector: Selector
    _held: Selection | None = None

    def select(self, store: Store) -> Selection:
        self._held = store.select(self.selector.matchers)
        return self._held


@dataclass
class InstantSelector(_Selecting):
    """The newest sample of each series within the lookback."""

    selector: Selector
    output_labels: LabelNames = None

    def evaluate(self, moment: Moment) -> Value:
        return self._newest(moment)[0]

    def sample_times(self, moment: Moment) -> Vector:
        """The times of the samples, in seconds, in the place of their values."""
        vector, times_s = self._newest(moment)
        return vector.with_values(times_s)

    def _newest(self, moment: Moment) -> tuple[Vector, FloatArray]:
        selection = self.select(moment.store)
        end_ms = moment.looked_at_ms(self.selector.anchor, self.selector.offset_ms)
        moment.evaluation.spend(len(selection.rows))
        values, times_ms = selection.newest(end_ms - LOOKBACK_MS, end_ms)
        lives = is_sample(values)
        times_s = np.broadcast_to(times_ms / 1000, values.shape)[lives]
        return Vector(selection.index, None, values).where(lives), times_s


@dataclass
class SampleTimes:
    """`timestamp` of a selector: the times of the samples."""

    selector: InstantSelector
    output_labels: LabelNames = None

    def evaluate(self, moment: Moment) -> Value:
        return moment.nameless(self.selector.sample_times(moment))


@dataclass
class EvaluationTimes:
    """`timestamp` of what is not a selector: every value is as of the moment of evaluation."""

    child: Node

    @property
    def output_labels(self) -> LabelNames:
        return self.child.output_labels

    def evaluate(self, moment: Moment) -> Value:
        vector = vector_of(self.child, moment)
        return moment.nameless(vector.with_values(np.full(len(vector), moment.time_ms / 1000)))


class Ranged(Protocol):
    """What a range function takes: something with a window of samples."""

    def window(self, moment: Moment, /) -> tuple[Index, Window]: ...


@dataclass
class RangeSelector(_Selecting):
    """The samples of each series within the range."""

    selector: Selector

    def window(self, moment: Moment) -> tuple[Index, Window]:
        selection = self.select(moment.store)
        found = moment.windows.get(self.selector)
        if found is None:
            assert self.selector.range_ms is not None
            end_ms = moment.looked_at_ms(self.selector.anchor, self.selector.offset_ms)
            found = moment.windows[self.selector] = selection.window(end_ms - self.selector.range_ms, end_ms)
            moment.evaluation.spend(found.values.size)
        return selection.index, found


@dataclass
class Subquery:
    """The values of an expression at every multiple of `step_ms` within the range."""

    child: Node
    range_ms: int
    step_ms: int
    offset_ms: int
    anchor: Anchor

    def window(self, moment: Moment) -> tuple[Index, Window]:
        end_ms = moment.looked_at_ms(self.anchor, self.offset_ms)
        start_ms = end_ms - self.range_ms
        times_ms = range((start_ms // self.step_ms + 1) * self.step_ms, end_ms + 1, self.step_ms)
        moment.evaluation.spend(len(times_ms))
        vectors = [vector_of(self.child, moment.at(t)) for t in times_ms]
        return stacked(moment.evaluation, times_ms, vectors, start_ms, end_ms)


@dataclass
class RangeCall:
    """A range function over a range, such as `rate(x[5m])`."""

    function: RangeFunction
    range: Ranged
    scalars: tuple[Node, ...]
    output_labels: LabelNames = None

    def evaluate(self, moment: Moment) -> Value:
        scalars = [scalar_of(node, moment) for node in self.scalars]
        index, found = self.range.window(moment)
        if len(found.counts):
            self.function.check(*scalars)
        found = found.at_least(self.function.samples)
        if not len(found.counts):
            return Vector(index, np.empty(0, np.int64), np.empty(0))
        if self.function.needs_time:
            scalars.insert(0, moment.time_ms / 1000)
        vector = in_order(index, found.at, self.function.kernel(found, *scalars))
        if moment.evaluation.notes is not None:
            moment.evaluation.note(*self.function.notes(vector, *scalars))
        return vector if self.function.keeps_name else moment.nameless(vector)
