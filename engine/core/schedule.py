"""When rules are evaluated next, where nothing is known of it: after an activation, and when the clock was set back."""

from engine.core.program import AlertRule
from engine.core.state import State
from engine.core.timers import Timer


def schedule_rules(state: State) -> None:
    """Put every rule on its grid, and back where `for` or `keep_firing_for` of an active alert ends."""
    state.timers.drop("evaluate")
    for key, compiled in state.compiled.rules.items():
        state.timers.set(Timer(compiled.next_grid_ms(state.now_ms), "evaluate", compiled.place, key))
        if isinstance(compiled.rule, AlertRule):
            for alert in state.alerts.get(key, {}).values():
                ends_ms = alert.active_at_ms + compiled.rule.for_ms
                if alert.cleared_ms is not None:
                    ends_ms = alert.cleared_ms + compiled.rule.keep_firing_for_ms
                state.timers.set(Timer(max(ends_ms, state.now_ms), "evaluate", compiled.place, key))
