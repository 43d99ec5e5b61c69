"""Small stores for the tests, written the way series are read."""

from collections.abc import Mapping, Sequence

import numpy as np

from engine.promql import Selector, Store, Vector, compile_expr
from schemas.labels import METRIC_NAME, Labels, canonical

STEP_MS = 10_000


def labels(name: str, **others: str) -> Labels:
    return canonical({METRIC_NAME: name, **others})


def store_of(series: Mapping[Labels, Sequence[float | None]], keep_ms: int = 3_600_000) -> Store:
    """Sample `n` of each series at `n * STEP_MS`; None is a gap."""
    store = Store()
    store.retain([Selector((), range_ms=keep_ms)])
    for each, values in series.items():
        for nth, value in enumerate(values):
            if value is not None:
                store.append(store.rows([each]), nth * STEP_MS, np.array([value]))
    return store


def ask(store: Store, expr: str, time_ms: int) -> dict[Labels, float]:
    return dict(compile_expr(expr).evaluate(store, time_ms).items())


def exact(vector: Vector) -> list[tuple[Labels, bytes]]:
    """Labels and the bits of the values, so that NaN equals NaN."""
    return [(each, np.float64(value).tobytes()) for each, value in vector.items()]
