"""Events as metrics: `ops_events_total`, and the log metrics of the rules.

Counters are kept apart from the columns and written to them once a second while they change, and at every evaluation
interval so that they do not grow stale. A series begins with a zero, so that `increase` sees its first event.
"""

from collections.abc import Iterator

import numpy as np

from engine.core.alerting import render
from engine.core.destination import TooManySeriesError
from engine.core.detector import CompiledCounter
from engine.core.provenance import EVENTS_TOTAL
from engine.core.state import Count, State
from engine.core.timers import Timer
from engine.core.turn import Turn
from engine.core.wording import LONGEST, Seen
from engine.core.writing import write
from engine.sigma.correlate_values import number
from schemas.events import Event
from schemas.labels import METRIC_NAME, Labels, canonical

EVERY_MS = 1_000
FORGET_MS = 3_600_000
"""A series that has not counted for so long is over; if it comes back, it begins at zero."""

LARGEST = 2.0**53
"""The largest number that is added: beside a larger one nothing smaller would ever count again."""

OVERFLOW: Labels = (("overflow", "true"),)
"""What bears the labels that are one too many."""


def every(turn: Turn, event: Event, node: str) -> None:
    """Count one event by where it is from and what it is."""
    labels = (
        ("category", event.category[:LONGEST]),
        ("node", node),
        ("product", event.product[:LONGEST]),
        ("service", event.service[:LONGEST]),
        ("source", event.source[:LONGEST]),
        ("type", event.type[:LONGEST]),
    )
    _count(turn, f"node:{node}", labels, 1.0)


def add(turn: Turn, found: CompiledCounter, seen: Seen) -> None:
    """Count one event that fits a log metric, or add the number in its field; what is none above zero is not."""
    amount = number(found.value(seen.data)) if found.value else 1
    if amount is None or not 0 < amount <= LARGEST:
        return
    labels = found.named_by(seen.element)
    if labels is None:
        labels = tuple(render(turn.state, found.labels, canonical(seen.element), amount, turn.now_ms).items())
    _count(turn, found.counter.id, labels, amount)


def due(turn: Turn, due_ms: int) -> Iterator[str]:
    """Write to their columns the counters that changed or would grow stale; the names of those that were."""
    state = turn.state
    interval_ms = state.settings.evaluation_interval_ms
    keys = list(state.counts if due_ms % interval_ms == 0 else state.counts_changed)
    state.counts_changed.clear()
    for key in keys:
        _write(state, key)
    yield from dict.fromkeys(_name(state, key) for key in keys)
    if state.counts:
        state.timers.set(Timer((turn.now_ms // interval_ms + 1) * interval_ms, "count", 0, ""))


def forget(state: State) -> None:
    """Forget what has not counted for long, and the log metrics that are gone from the program."""
    for key, counts in list(state.counts.items()):
        recent = {labels: each for labels, each in counts.items() if each.counted_ms > state.now_ms - FORGET_MS}
        if recent and _name(state, key):
            state.counts[key] = recent
        else:
            state.counts[key] = {}
            _write(state, key)
            del state.counts[key]
            state.counts_changed.pop(key, None)


def _count(turn: Turn, key: str, labels: Labels, amount: float) -> None:
    state = turn.state
    counts = state.counts.setdefault(key, {})
    count = counts.get(labels)
    if count is None:
        if len(counts) >= state.settings.max_event_series:
            labels = OVERFLOW
        count = counts.setdefault(labels, Count())
    count.value += amount
    count.counted_ms = turn.now_ms
    if not state.counts_changed:
        state.timers.set(Timer((turn.now_ms // EVERY_MS + 1) * EVERY_MS, "count", 0, ""))
    state.counts_changed[key] = None


def _write(state: State, key: str) -> None:
    """One sample of each series of a counter, and a zero before the first."""
    name = _name(state, key)
    series = {_series(name, key, labels): count.value for labels, count in state.counts[key].items()}
    before = set(state.written.get(key, ()))
    destination = state.compiled.counted[key]
    try:
        if new := tuple(labels for labels in series if labels not in before):
            rows, _ = destination.of(state.store, new, state.settings.max_series)
            state.store.append(rows, state.now_ms - EVERY_MS, np.zeros(len(rows)))
        write(state, key, destination, tuple(series), np.array(list(series.values()), np.float64), state.now_ms)
    except TooManySeriesError as error:
        state.failing[key] = str(error)
    else:
        state.failing.pop(key, None)


def _name(state: State, key: str) -> str:
    """The metric of a counter; empty where the program has it no more."""
    if key.startswith("node:"):
        return EVENTS_TOTAL
    found = state.compiled.detector.counters.get(key)
    return found.counter.name if found else ""


def _series(name: str, key: str, labels: Labels) -> Labels:
    node = {"node": key.removeprefix("node:")} if name == EVENTS_TOTAL else {}
    return canonical({**dict(labels), **node, METRIC_NAME: name})
