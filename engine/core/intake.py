"""Samples into the store: which layouts are known, which batches cannot be right, what is kept and what forgotten.

What samples lead to is not decided here.
"""

from collections.abc import Iterator

import numpy as np

from engine.core.clocks import Clock
from engine.core.effects import Rejected
from engine.core.layout import DROPPED, Layout
from engine.core.state import State
from engine.core.turn import Turn
from engine.promql import FloatArray, IntArray
from schemas.audit import AuditEntry
from schemas.labels import Labels, canonical, text
from schemas.reasons import Reason
from schemas.samples import LAYOUT_REFRESH_MS, Metadata, SampleBatch, layout_digest

MINUTE_MS = 60_000
LONGEST_TEXT = 1_000
"""Characters that are kept of what is said of a metric."""

_SUFFIXES = ("_bucket", "_count", "_sum", "_total", "_info", "_created", "_gcount", "_gsum")
"""What stands behind the name of a metric in the names of its series."""


def append(turn: Turn, batch: SampleBatch, node: str) -> Layout | None:
    """Store of one scrape what is wanted, no later than now, and return its layout; None where it was rejected."""
    found = _checked(turn, batch, node)
    if isinstance(found, str):
        turn.effects.append(Rejected(found))
        return None
    layout, values, at = found
    time_ms = min(batch.time_ms, turn.now_ms)
    layout.used_ms = turn.now_ms
    rows, wanted = layout.samples(values, at)
    if len(rows):
        refused = turn.state.store.append(rows, time_ms, wanted, turn.state.settings.max_samples)
        if refused:
            _note_refused(turn, refused, node)
    return layout


def forget(state: State) -> None:
    """Forget layouts that were not used for a while, then the series without recent samples, and what was said of their
    metrics.

    A series that a layout names stays: a layout that is kept must never name a row that was given to another series.
    """
    forget_ms = state.now_ms - 3 * LAYOUT_REFRESH_MS
    for digest, layout in list(state.layouts.items()):
        if layout.used_ms <= forget_ms:
            state.compiled.sources.subtract(layout.triggered)
            del state.layouts[digest]
    state.store.expire(state.now_ms, [layout.kept_rows for layout in state.layouts.values()])
    state.metadata = {name: said for name, said in state.metadata.items() if _is_kept(state, name)}


def series_refused(state: State) -> int:
    """How many series are wanted and have no place, of what was sent in the last minutes."""
    return sum(layout.refused for layout in state.layouts.values())


def without_place(state: State) -> Iterator[str]:
    """What of the samples that come is refused at present, in words; of samples, for a minute after the last."""
    settings = state.settings
    if refused := series_refused(state):
        yield f"{refused:,} series have no place: {settings.max_series:,} are kept (max_series)"
    if state.samples_refused and state.now_ms - state.samples_refused_ms <= MINUTE_MS:
        yield f"{state.samples_refused:,} samples had no place: {settings.max_samples:,} are kept (max_samples)"


def place_anew(state: State, layout: Layout) -> None:
    """What is wanted has changed: drop what no longer is. What newly is waits until its series are named again."""
    store = state.store
    rows = [row if row != DROPPED and store.wants(store.labels(row)) else DROPPED for row in layout.rows.tolist()]
    layout.place(np.array(rows, np.int64))
    see_triggers(state, layout)


def see_triggers(state: State, layout: Layout) -> None:
    """Find the rules that its samples trigger."""
    state.compiled.sources.subtract(layout.triggered)
    layout.triggered = state.compiled.triggers.of([state.store.labels(row) for row in layout.kept_rows.tolist()])
    state.compiled.sources.update(layout.triggered)


def _checked(turn: Turn, batch: SampleBatch, node: str) -> tuple[Layout, FloatArray, IntArray | None] | str:
    """The layout of a batch, its values and their positions; or why it is none of ours."""
    state = turn.state
    if wrong := _skewed(turn, batch, node):
        return wrong
    layout = _named(turn, batch, node) if batch.series is not None else state.layouts.get(batch.layout)
    if layout is None:
        return f"layout {batch.layout!r} is not known: its series were never sent"
    if isinstance(layout, str):
        return layout
    if batch.metadata:
        state.metadata |= {name: _short(said) for name, said in batch.metadata.items() if _is_kept(state, name)}
    values = np.frombuffer(batch.values, dtype="<f8")
    at = None if batch.at is None else np.frombuffer(batch.at, dtype="<u4").astype(np.int64)
    return _misfit(layout, len(values), at) or (layout, values, at)


def _skewed(turn: Turn, batch: SampleBatch, node: str) -> str | None:
    """Take note of the node's clock; why it cannot be believed."""
    ahead_ms, most_ms = batch.time_ms - turn.now_ms, turn.state.settings.max_skew_ms
    turn.state.clocks.setdefault(node, Clock()).see(ahead_ms)
    if ahead_ms <= most_ms:
        return None
    return f"time_ms: {ahead_ms / 1000:g} s ahead of the journal, more than max_skew of {most_ms / 1000:g} s"


def _named(turn: Turn, batch: SampleBatch, node: str) -> Layout | str:
    """The layout of a batch that names its series; or why they are no layout."""
    assert batch.series is not None
    state = turn.state
    layout = state.layouts.get(batch.layout)
    if layout is None:
        if wrong := _wrong(batch.layout, batch.series):
            return wrong
        layout = state.layouts[batch.layout] = Layout(np.full(len(batch.series), DROPPED))
    if not state.knows_layout(batch.layout):
        before = layout.refused
        _admit(state, layout, batch.series)
        if layout.refused > before:
            detail = f"{layout.refused} series of {node} have no place: {state.settings.max_series:,} are kept"
            turn.effects.append(AuditEntry(kind="decision", reason=Reason.SERIES_LIMIT, detail=detail))
    return layout


def _admit(state: State, layout: Layout, series: list[Labels]) -> None:
    """Give rows to those of its series that are wanted and have none, as far as there is room."""
    store = state.store
    places = [place for place in np.flatnonzero(layout.rows == DROPPED).tolist() if store.wants(series[place])]
    room = max(state.settings.max_series - len(store), 0)
    new = set(store.unknown(series[place] for place in places)[room:])
    admitted = [place for place in places if series[place] not in new]
    layout.refused, layout.as_of = len(places) - len(admitted), store.generation
    if admitted:
        rows = layout.rows.copy()
        rows[admitted] = store.rows([series[place] for place in admitted])
        layout.place(rows)
        see_triggers(state, layout)


def _note_refused(turn: Turn, samples: int, node: str) -> None:
    """There is no room for these samples: say so, once until it has been well for a minute."""
    state = turn.state
    if turn.now_ms - state.samples_refused_ms > MINUTE_MS:
        detail = f"{samples} samples of {node} have no place: {state.settings.max_samples:,} are kept"
        turn.effects.append(AuditEntry(kind="decision", reason=Reason.SAMPLES_LIMIT, detail=detail))
    state.samples_refused += samples
    state.samples_refused_ms = turn.now_ms


def _wrong(layout: str, series: list[Labels]) -> str | None:
    """Why these series cannot be the layout. A publisher's slip must not make one series two, nor two one."""
    if layout_digest(series) != layout:
        return f"layout {layout!r} is not the digest of the series sent with it"
    if len(set(series)) < len(series):
        return f"layout {layout!r} names a series twice"
    wrong = next((labels for labels in series if canonical(dict(labels)) != labels), None)
    return None if wrong is None else f"series: {text(wrong)} is not sorted by name, without empty values"


def _misfit(layout: Layout, samples: int, at: IntArray | None) -> str | None:
    """Why these are not samples of the layout's series."""
    if at is None:
        return None if samples == len(layout.rows) else f"values: expected {len(layout.rows)} samples, got {samples}"
    if len(at) != samples:
        return f"at: expected {samples} positions, got {len(at)}"
    if samples and int(at.max()) >= len(layout.rows):
        return f"at: expected positions below {len(layout.rows)}, got {int(at.max())}"
    return "at: names a position twice" if len(np.unique(at)) < samples else None


def _short(said: Metadata) -> Metadata:
    """No publisher can fill the memory with texts."""
    return Metadata(said.type[:LONGEST_TEXT], said.help[:LONGEST_TEXT], said.unit[:LONGEST_TEXT])


def _is_kept(state: State, metric: str) -> bool:
    return any(state.store.has_name(metric + suffix) for suffix in ("", *_SUFFIXES))
