"""When rules are evaluated next, where nothing is known of it: after an activation, and when the clock was set back."""

from engine.core.compiled import CompiledRule
from engine.core.program import AlertRule
from engine.core.state import State
from engine.core.timers import Kind, Timer


def schedule_rules(state: State) -> None:
    """Put every rule on its grid, and back where `for` or `keep_firing_for` of an active alert ends."""
    state.timers.drop("evaluate", "refresh")
    state.compiled.unscheduled.clear()
    for key, compiled in state.compiled.rules.items():
        kind: Kind = "refresh" if compiled.on_arrival else "evaluate"
        state.timers.set(Timer(compiled.next_grid_ms(state.now_ms), kind, compiled.place, key))
        if isinstance(compiled.rule, AlertRule):
            for alert in state.alerts.get(key, {}).values():
                ends_ms = alert.active_at_ms + compiled.rule.for_ms
                if alert.cleared_ms is not None:
                    ends_ms = alert.cleared_ms + compiled.rule.keep_firing_for_ms
                state.timers.set(Timer(max(ends_ms, state.now_ms), "evaluate", compiled.place, key))


def refresh_at(state: State, compiled: CompiledRule, due_ms: int) -> None:
    """Evaluate a rule that samples trigger again at that time, if none has by then."""
    state.compiled.unscheduled.discard(compiled.rule.id)
    state.timers.set(Timer(due_ms, "refresh", compiled.place, compiled.rule.id))


def find_unscheduled(state: State) -> None:
    """After a restore: the timers tell."""
    scheduled = {timer.key for timer in state.timers if timer.kind == "refresh"}
    state.compiled.unscheduled = {rule.rule.id for rule in state.compiled.on_arrival} - scheduled
