"""When the journal's clock was far ahead and is set right: the times of the state go back with it.

`now` does not run backwards, so that without this everything would stand still until real time has caught up. All times
are moved by the same amount, so that durations keep their meaning: what was pending for a minute still is. Samples bear
the time of their own source: only those from what is now the future were taken by the wrong clock, and are moved.
"""

from msgspec.structs import replace

from engine.core.derive import recount
from engine.core.remediation import Ladder
from engine.core.scaling import loop as scaling
from engine.core.schedule import schedule_rules
from engine.core.state import State

TOLERATED_MS = 60_000
"""By so much the journal's clock may go back, as between two servers, while `now` just waits for it."""


def follow(state: State, time_ms: int) -> int:
    """Go back to before the next message, that of `time_ms`, if it is much earlier; a tick is taken to lie between.

    Returns by how much, 0 for not at all.
    """
    if state.now_ms - time_ms <= TOLERATED_MS:
        return 0
    by_ms = state.now_ms - time_ms + state.tick_interval_ms
    state.now_ms -= by_ms
    state.unsettled_ms = time_ms
    state.last_tick_ms = None if state.last_tick_ms is None else state.last_tick_ms - by_ms
    state.samples_refused_ms -= by_ms
    state.clocks.clear()
    state.store.set_back(state.now_ms, by_ms)
    for layout in state.layouts.values():
        layout.used_ms -= by_ms
    state.evaluated_ms = {rule: at_ms - by_ms for rule, at_ms in state.evaluated_ms.items()}
    state.cooldowns = {key: until_ms - by_ms for key, until_ms in state.cooldowns.items()}
    for memory in state.scales.values():
        memory.set_back(by_ms)
    _acts(state, by_ms)
    _alerts(state, by_ms)
    for ladder in state.ladders.values():
        _ladder(ladder, by_ms)
    for count in (count for counts in state.counts.values() for count in counts.values()):
        count.counted_ms -= by_ms
    state.correlator.set_back(by_ms)
    state.timers.set_back(by_ms)
    schedule_rules(state)
    scaling.schedule(state)
    return by_ms


def _acts(state: State, by_ms: int) -> None:
    state.inventory_ms = {key: at_ms - by_ms for key, at_ms in state.inventory_ms.items()}
    for run in state.runs.values():
        run.began_ms -= by_ms
        run.ended_ms = None if run.ended_ms is None else run.ended_ms - by_ms
    state.told = {key: until_ms - by_ms for key, until_ms in state.told.items()}
    state.climbed = {key: (step, until_ms - by_ms) for key, (step, until_ms) in state.climbed.items()}
    state.done = [(at_ms - by_ms, act) for at_ms, act in state.done]
    recount(state)


def _alerts(state: State, by_ms: int) -> None:
    for alert in (alert for active in state.alerts.values() for alert in active.values()):
        alert.active_at_ms -= by_ms
        alert.fired_at_ms = None if alert.fired_at_ms is None else alert.fired_at_ms - by_ms
        alert.cleared_ms = None if alert.cleared_ms is None else alert.cleared_ms - by_ms


def _ladder(ladder: Ladder, by_ms: int) -> None:
    """Its command was sent as it is; what moves is until when its outcome is waited for."""
    ladder.lapses_ms -= by_ms
    ladder.acted_ms -= by_ms
    ladder.due_ms -= by_ms
    ladder.until_ms = None if ladder.until_ms is None else ladder.until_ms - by_ms
    ladder.holding_ms = None if ladder.holding_ms is None else ladder.holding_ms - by_ms
    if ladder.command:
        ladder.command = replace(ladder.command, deadline_ms=ladder.command.deadline_ms - by_ms)
