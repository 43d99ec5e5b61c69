"""The state as bytes and back: `restore(save(state))` behaves as `state` does, message for message."""

import msgspec
import numpy as np

from engine.core.clocks import Clock
from engine.core.derive import rebuild
from engine.core.layout import Layout
from engine.core.program import Program
from engine.core.remediation import Ladder
from engine.core.runs import Run
from engine.core.scaling.memory import Memory
from engine.core.state import Alert, Count, State
from engine.core.tallies import Done
from engine.core.timers import Timer, Timers
from engine.promql import PromqlError, Store
from engine.template import TemplateError
from schemas.control import Emergency, Halt
from schemas.inventory import Inventory
from schemas.labels import Labels
from schemas.samples import Metadata

FORMAT = 8


class SavedLayout(msgspec.Struct, frozen=True, array_like=True):
    """A layout; what it triggers is derived."""

    rows: bytes
    used_ms: int
    refused: int


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot: everything of `State` that is not derived, after the message `seq`."""

    format: int
    seq: int
    now_ms: int
    last_tick_ms: int | None
    tick_interval_ms: int
    unsettled_ms: int | None
    events_seen: int
    program: Program
    store: bytes
    layouts: dict[str, SavedLayout]
    metadata: dict[str, Metadata]
    clocks: dict[str, Clock]
    samples_refused: int
    samples_refused_ms: int
    alerts: dict[str, list[Alert]]
    evaluated_ms: dict[str, int]
    failing: dict[str, str]
    written: dict[str, tuple[Labels, ...]]
    ladders: list[Ladder]
    cooldowns: dict[str, int]
    inventory: dict[str, Inventory]
    inventory_ms: dict[str, int]
    scales: dict[str, Memory]
    halts: dict[str, Halt]
    emergency: Emergency | None
    done: list[Done]
    unseen: dict[str, dict[str, tuple[str, int]]]
    told: dict[str, int]
    climbed: dict[str, tuple[int, int]]
    runs: list[Run]
    counts: dict[str, list[tuple[Labels, Count]]]
    counts_changed: tuple[str, ...]
    recent: dict[str, str]
    correlations: msgspec.Raw
    timers: list[Timer]


class UnreadableSnapshotError(Exception):
    """The bytes are not a snapshot of this format; recovery falls back to an older one or to the whole journal."""


def save(state: State) -> bytes:
    """The state after the message that was applied last."""
    return msgspec.msgpack.encode(
        Saved(
            format=FORMAT,
            seq=state.seq,
            now_ms=state.now_ms,
            last_tick_ms=state.last_tick_ms,
            tick_interval_ms=state.tick_interval_ms,
            unsettled_ms=state.unsettled_ms,
            events_seen=state.events_seen,
            program=state.program,
            store=state.store.dump(),
            layouts={
                digest: SavedLayout(layout.rows.astype("<i8").tobytes(), layout.used_ms, layout.refused)
                for digest, layout in state.layouts.items()
            },
            metadata=state.metadata,
            clocks=state.clocks,
            samples_refused=state.samples_refused,
            samples_refused_ms=state.samples_refused_ms,
            alerts={rule: list(active.values()) for rule, active in state.alerts.items()},
            evaluated_ms=state.evaluated_ms,
            failing=state.failing,
            written=state.written,
            ladders=list(state.ladders.values()),
            cooldowns=state.cooldowns,
            inventory=state.inventory,
            inventory_ms=state.inventory_ms,
            scales=state.scales,
            halts=state.halts,
            emergency=state.emergency,
            done=state.done,
            unseen=state.unseen,
            told=state.told,
            climbed=state.climbed,
            runs=list(state.runs.values()),
            counts={key: list(counts.items()) for key, counts in state.counts.items()},
            counts_changed=tuple(state.counts_changed),
            recent=state.recent,
            correlations=msgspec.Raw(state.correlator.dump()),
            timers=list(state.timers),
        )
    )


def restore(data: bytes) -> State:
    """The state that `save` wrote. Raises `UnreadableSnapshotError`."""
    try:
        saved = msgspec.msgpack.decode(data, type=Saved)
    except msgspec.MsgspecError as error:
        raise UnreadableSnapshotError(str(error)) from error
    if saved.format != FORMAT:
        raise UnreadableSnapshotError(f"format: expected {FORMAT}, got {saved.format}")
    try:
        return _rebuilt(saved)
    except (msgspec.MsgspecError, PromqlError, TemplateError) as error:  # written by an older Reflexarc
        raise UnreadableSnapshotError(str(error)) from error


def _rebuilt(saved: Saved) -> State:
    state = State(
        seq=saved.seq,
        now_ms=saved.now_ms,
        last_tick_ms=saved.last_tick_ms,
        tick_interval_ms=saved.tick_interval_ms,
        unsettled_ms=saved.unsettled_ms,
        events_seen=saved.events_seen,
        program=saved.program,
        store=Store.load(saved.store),
        layouts={
            digest: Layout(
                np.frombuffer(layout.rows, "<i8").astype(np.int64), used_ms=layout.used_ms, refused=layout.refused
            )
            for digest, layout in saved.layouts.items()
        },
        metadata=saved.metadata,
        clocks=saved.clocks,
        samples_refused=saved.samples_refused,
        samples_refused_ms=saved.samples_refused_ms,
        alerts={rule: {alert.labels: alert for alert in active} for rule, active in saved.alerts.items()},
        evaluated_ms=saved.evaluated_ms,
        failing=saved.failing,
        written=saved.written,
        ladders={ladder.key: ladder for ladder in saved.ladders},
        cooldowns=saved.cooldowns,
        inventory=saved.inventory,
        inventory_ms=saved.inventory_ms,
        scales=saved.scales,
        halts=saved.halts,
        emergency=saved.emergency,
        done=saved.done,
        unseen=saved.unseen,
        told=saved.told,
        climbed=saved.climbed,
        runs={run.id: run for run in saved.runs},
        counts={key: dict(counts) for key, counts in saved.counts.items()},
        counts_changed=dict.fromkeys(saved.counts_changed),
        recent=saved.recent,
        timers=Timers(saved.timers),
    )
    rebuild(state)
    state.correlator.load(bytes(saved.correlations))
    return state
