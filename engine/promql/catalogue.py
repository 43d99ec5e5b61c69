"""Which series there are: labels and row numbers, by metric name. Samples do not live here."""

from collections.abc import Iterable, Sequence, Set

import numpy as np

from engine.promql.arrays import IntArray
from engine.promql.grouping import value_of
from engine.promql.selector import Matcher, Matchers, exact_name, fixed_label, metric_name, picks
from schemas.labels import METRIC_NAME, Labels, shared


class Catalogue:
    """`series[row]` are the labels of a row, None where the row is free. `version` grows as series come and go."""

    def __init__(self, series: list[Labels | None] | None = None, free: list[int] | None = None) -> None:
        self.series = [None if labels is None else shared(labels) for labels in series or ()]
        self.free = [] if free is None else free
        self.version = 1  # 0 is that of names without series
        self._row_of: dict[Labels, int] = {}
        self._families: dict[str, dict[int, None]] = {}
        self._family_version: dict[str, int] = {}
        # By metric name, label and value; only of labels that somebody asked for.
        self._alike: dict[str, dict[str, dict[str, set[int]]]] = {}
        for row, labels in enumerate(self.series):
            if labels is not None:
                self._enter(row, labels)

    def __len__(self) -> int:
        return len(self._row_of)

    @property
    def width(self) -> int:
        """All row numbers are below."""
        return len(self.series)

    def labels(self, row: int) -> Labels:
        labels = self.series[row]
        assert labels is not None, f"row {row} is not in use"
        return labels

    def unknown(self, series: Iterable[Labels]) -> list[Labels]:
        """Those that have no row yet, each once, in the order of labels."""
        return sorted({labels for labels in series if labels not in self._row_of})

    def has_name(self, name: str) -> bool:
        return name in self._families

    def rows(self, series: Iterable[Labels]) -> IntArray:
        """The rows of known series."""
        return np.array([self._row_of[labels] for labels in series], np.int64)

    def add(self, series: Sequence[Labels]) -> IntArray:
        """Give rows to unknown series."""
        self.version += 1
        missing = max(len(series) - len(self.free), 0)
        self.free[:0] = range(len(self.series) + missing - 1, len(self.series) - 1, -1)
        self.series.extend([None] * missing)
        for labels in map(shared, series):
            row = self.free.pop()
            self.series[row] = labels
            self._enter(row, labels)
        return self.rows(series)

    def remove(self, rows: Iterable[int]) -> None:
        """Forget the series of these rows, which then serve others."""
        self.version += 1
        for row in rows:
            self._leave(row)
            self.series[row] = None
            self.free.append(row)

    def candidates(self, matchers: Matchers) -> int:
        """How many series have to be looked at to pick."""
        name = exact_name(matchers)
        return len(self._row_of if name is None else self._families.get(name, ()))

    def version_of(self, matchers: Matchers) -> int:
        """What changes when a series comes or goes that might match. -1, which no family has, where there is none."""
        name = exact_name(matchers)
        return self.version if name is None else self._family_version.get(name, -1)

    def pick(self, matchers: Matchers, known: Iterable[tuple[int, Labels]] = ()) -> list[int]:
        """The rows of the series that all matchers accept, in the order of their labels.

        What is `known` from an earlier pick, in that order, is not matched again, and costs little to sort.
        """
        name = exact_name(matchers)
        candidates = set(self._row_of.values()) if name is None else self._of_family(name, matchers)
        rows = [row for row, labels in known if self.series[row] is labels]
        others = tuple(each for each in matchers if name is None or each != Matcher("=", METRIC_NAME, name))
        new = candidates - set(rows)
        rows += [row for row in new if picks(others, self.labels(row))] if others else new
        labels = [self.series[row] or () for row in rows]
        return [rows[at] for at in sorted(range(len(rows)), key=labels.__getitem__)]

    def _of_family(self, name: str, matchers: Matchers) -> Set[int]:
        """The rows of a metric that may be picked: those that have the value that a label has to have, or all."""
        family = self._families.get(name, {})
        label, value = fixed_label(matchers) or ("", "")
        if not family or not label:
            return family.keys()
        by_label = self._alike.setdefault(name, {})
        if label not in by_label:
            by_value = by_label[label] = dict[str, set[int]]()
            for row in family:
                by_value.setdefault(value_of(self.labels(row), label), set()).add(row)
        return by_label[label].get(value, set())

    def _enter(self, row: int, labels: Labels) -> None:
        name = metric_name(labels)
        self._row_of[labels] = row
        self._families.setdefault(name, {})[row] = None
        self._family_version[name] = self.version
        for label, by_value in self._alike.get(name, {}).items():
            by_value.setdefault(value_of(labels, label), set()).add(row)

    def _leave(self, row: int) -> None:
        labels = self.labels(row)
        name = metric_name(labels)
        del self._row_of[labels], self._families[name][row]
        self._family_version[name] = self.version
        for label, by_value in self._alike.get(name, {}).items():
            value = value_of(labels, label)
            by_value[value].discard(row)
            if not by_value[value]:
                del by_value[value]
        if not self._families[name]:
            del self._families[name], self._family_version[name]
            self._alike.pop(name, None)
