"""Which plans samples of some series concern."""

from collections.abc import Iterable, Sequence

from engine.promql.plan import Plan
from engine.promql.selector import SelectorIndex
from schemas.labels import Labels


class Triggers:
    """Which plans to evaluate when samples of some series have come."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        self._index: SelectorIndex[int] = SelectorIndex(
            (selector, number) for number, plan in enumerate(plans) for selector in plan.selectors
        )

    def of(self, series: Iterable[Labels]) -> tuple[int, ...]:
        """The sorted numbers of the plans one of whose selectors picks one of the series."""
        return tuple(sorted({number for labels in series for number in self._index.of(labels)}))

    def of_name(self, name: str) -> tuple[int, ...]:
        """The sorted numbers of the plans one of whose selectors may pick series of this metric name."""
        return tuple(sorted(set(self._index.of_name(name))))
