"""`label_replace` and `label_join`: the functions that write labels."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from engine.promql.grouping import value_of
from engine.promql.index import Derived, Index
from engine.promql.moment import Moment
from engine.promql.nodes import LabelNames, Node, vector_of
from engine.promql.regexp import compile_regexp
from engine.promql.vector import Value, distinct
from schemas.labels import METRIC_NAME, Labels, canonical
from schemas.regexp import expand

Writer = Callable[[Labels], str | None]
"""The value that a label is to have, None where it stays as it is."""


@dataclass
class Relabel:
    """The same values with one label written anew. A metric name that is written is not removed afterwards."""

    child: Node
    name: str
    write: Writer
    _derived: Derived = field(init=False)

    def __post_init__(self) -> None:
        self._derived = Derived(self._written)

    @property
    def output_labels(self) -> LabelNames:
        names = self.child.output_labels
        return None if names is None else names | {self.name}

    def evaluate(self, moment: Moment) -> Value:
        vector = vector_of(self.child, moment)
        return distinct(vector.on(self._derived.of(vector.index)))

    def _written(self, index: Index) -> Index:
        values = [self.write(labels) for labels in index.labels]
        unnamed = index.unnamed
        if unnamed is not None and self.name == METRIC_NAME:
            unnamed = unnamed & np.array([value is None for value in values], np.bool_)
        return Index([self._with(labels, value) for labels, value in zip(index.labels, values, strict=True)], unnamed)

    def _with(self, labels: Labels, value: str | None) -> Labels:
        return labels if value is None else canonical(dict(labels) | {self.name: value})


def replacement(template: str, source: str, pattern: str) -> Writer:
    """`template` with what `pattern` has found in the whole value of `source`. Raises `PromqlError` for a bad one."""
    regexp = compile_regexp(pattern)

    def write(labels: Labels) -> str | None:
        found = regexp.fullmatch(value_of(labels, source))
        return None if found is None else expand(template, found)

    return write


def joining(separator: str, sources: tuple[str, ...]) -> Writer:
    """The values of `sources` with `separator` between them."""
    return lambda labels: separator.join(value_of(labels, source) for source in sources)
