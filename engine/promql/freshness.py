"""How recent the samples are that an expression rests on."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.promql.arrays import is_sample
from engine.promql.selector import LOOKBACK_MS, Selector
from engine.promql.store import Store


@dataclass(frozen=True, slots=True)
class Freshness:
    """Over all series that an expression selects now, and whose newest sample is within the lookback.

    `newest_ms` is the oldest among the newest sample times of the series, 0 without series. `interval_ms` is the
    largest gap between a series' last two samples, 0 where no series has two within the lookback.
    """

    series: int
    newest_ms: int
    interval_ms: int


def freshness(store: Store, selectors: Iterable[Selector], time_ms: int) -> Freshness:
    """Series that have ended with a staleness marker do not count."""
    start_ms = time_ms - LOOKBACK_MS
    newest_ms: dict[int, int] = {}
    gaps_ms = [0]
    for selector in selectors:
        selection = store.select(selector.matchers)
        values, times_ms = selection.newest(start_ms, time_ms)
        lives = is_sample(values)
        times = np.broadcast_to(times_ms, values.shape)[lives]
        newest_ms |= dict(zip(selection.rows[lives].tolist(), times.tolist(), strict=True))
        found = selection.window(start_ms, time_ms).at_least(2)
        if len(found.counts):
            at = np.arange(len(lives)) if found.at is None else found.at
            gaps = np.broadcast_to(found.spread(found.lines_ms[-1] - found.lines_ms[-2]), at.shape)
            gaps_ms.append(int(gaps.max(where=lives[at], initial=0)))
    return Freshness(len(newest_ms), min(newest_ms.values(), default=0), max(gaps_ms))
