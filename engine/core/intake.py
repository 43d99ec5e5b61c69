"""Samples into the store: which layouts are known, which batches cannot be right, and what is forgotten.

What samples lead to is not decided here.
"""

import numpy as np

from engine.core.effects import Rejected
from engine.core.state import Layout, State
from schemas.labels import Labels, canonical, text
from schemas.samples import LAYOUT_REFRESH_MS, SampleBatch, layout_digest


def append(state: State, batch: SampleBatch, now_ms: int) -> Layout | Rejected:
    """Store one scrape, no later than now, and return its layout; or why it cannot be stored."""
    layout = state.layouts.get(batch.layout)
    if layout is None:
        if batch.series is None:
            return Rejected(f"layout {batch.layout!r} is not known: its series were never sent")
        if wrong := _wrong(batch.layout, batch.series):
            return Rejected(wrong)
        layout = state.layouts[batch.layout] = _layout(state, batch.series)
    values = np.frombuffer(batch.values, dtype="<f8")
    if len(values) != len(layout.rows):
        return Rejected(f"values: expected {len(layout.rows)} samples, got {len(values)}")
    time_ms = min(batch.time_ms, now_ms)
    layout.used_ms = max(layout.used_ms, time_ms)
    state.store.append(layout.rows, time_ms, values)
    return layout


def forget(state: State) -> None:
    """Forget layouts without recent samples, then the series without any.

    In this order and with these limits (the store keeps a series for five minutes at least), a layout that is kept
    never names a row that was given to another series.
    """
    forget_ms = state.now_ms - 3 * LAYOUT_REFRESH_MS
    state.layouts = {digest: layout for digest, layout in state.layouts.items() if layout.used_ms > forget_ms}
    state.store.expire(state.now_ms)


def _wrong(layout: str, series: list[Labels]) -> str | None:
    """Why these series cannot be the layout. A publisher's slip must not make one series two, nor two one."""
    if layout_digest(series) != layout:
        return f"layout {layout!r} is not the digest of the series sent with it"
    if len(set(series)) < len(series):
        return f"layout {layout!r} names a series twice"
    wrong = next((labels for labels in series if canonical(dict(labels)) != labels), None)
    return None if wrong is None else f"series: {text(wrong)} is not sorted by name, without empty values"


def _layout(state: State, series: list[Labels]) -> Layout:
    rows = state.store.rows(series)
    return Layout(rows=rows, triggered=state.compiled.triggers.of(series), used_ms=0)
