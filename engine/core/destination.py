"""Where the series that a rule writes lie in the columns, and whether there is room for them."""

import numpy as np

from engine.promql import IntArray, Store
from schemas.labels import Labels


class TooManySeriesError(Exception):
    """The store holds as many series as it may."""


class Destination:
    """Where the series that one rule wrote last lie. Derived: it only saves the looking up."""

    def __init__(self) -> None:
        self._series: tuple[Labels, ...] = ()
        self._generation = -1
        self._rows: IntArray = np.empty(0, np.int64)
        self._places: IntArray = np.empty(0, np.int64)

    def of(self, store: Store, series: tuple[Labels, ...], most: int) -> tuple[IntArray, IntArray]:
        """The rows of those of `series` that are wanted, and their places among `series`.

        Raises `TooManySeriesError` when the store would then hold more than `most`.
        """
        if series != self._series or store.generation != self._generation:
            places = [place for place, labels in enumerate(series) if store.wants(labels)]
            wanted = [series[place] for place in places]
            new = len(store.unknown(wanted))
            if new and len(store) + new > most:
                raise TooManySeriesError(f"more than {most:,} series (max_series)")
            self._rows, self._places = store.rows(wanted), np.array(places, np.int64)
            self._series, self._generation = series, store.generation
        return self._rows, self._places
