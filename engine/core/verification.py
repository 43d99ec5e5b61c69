"""Whether a step has helped, as far as the data of this moment can tell. What follows is for `ladder` to say."""

from engine.core.compiled import Watch
from engine.core.program import DEFAULT_WITHIN_MS
from engine.core.state import Ladder, State
from engine.promql import PromqlError, compile_expr


def watch(state: State, ladder: Ladder) -> Watch | None:
    """What to watch while the ladder verifies; None where its alert alone decides. Raises `PromqlError`."""
    verify = ladder.current.verify
    if verify is None:
        return None
    plan = compile_expr(verify.expr, subquery_step_ms=state.settings.evaluation_interval_ms)
    return Watch(plan.bind(dict(ladder.alert_labels)))


def within_ms(ladder: Ladder) -> int:
    """How long after its effect the present step has to help."""
    verify = ladder.current.verify
    return verify.within_ms if verify else DEFAULT_WITHIN_MS


def needed_hold_ms(state: State, ladder: Ladder, now_ms: int) -> int | None:
    """How long that which holds now must go on holding; None when it does not hold, or not on fresh data.

    Fresh means that every series that `verify` selects has a sample newer than the outcome. Where the alert decides,
    one evaluation interval makes sure that its rule was evaluated since.
    """
    interval_ms = state.settings.evaluation_interval_ms
    watched = state.watches.get(ladder.key)
    if watched is None:
        alert = state.alert_of(ladder)
        return None if alert and alert.firing else interval_ms
    try:
        holds = len(watched.plan.evaluate(state.store, now_ms)) > 0
    except PromqlError:
        holds = False
    fresh = watched.plan.freshness(state.store, now_ms)
    if not holds or (fresh.series and fresh.newest_ms <= ladder.acted_ms):
        return None
    verify = ladder.current.verify
    if verify and verify.hold_ms is not None:
        return verify.hold_ms
    return 2 * (fresh.interval_ms or interval_ms)
