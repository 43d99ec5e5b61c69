"""Whether a step has helped, as far as the data of this moment can tell."""

from engine.core.compiled import Watch
from engine.core.moves import End, Move, Next
from engine.core.program import DEFAULT_WITHIN_MS
from engine.core.remediation import Ladder
from engine.core.resolve import Refusal, rendered
from engine.core.state import State
from engine.core.temper import plays, responds
from engine.core.turn import Turn
from engine.promql import PromqlError, compile_expr
from schemas.reasons import Reason


def begin(turn: Turn, ladder: Ladder) -> Move:
    """The step had its effect at this moment; from now on it is watched."""
    ladder.phase, ladder.acted_ms, ladder.holding_ms = "verifying", turn.now_ms, None
    try:
        watched = watch(turn.state, ladder)
    except PromqlError as error:
        turn.note(ladder, Reason.EVALUATION_FAILED, str(error))
        return Next(Reason.VERIFY_FAILED)
    if watched:
        turn.state.watches[ladder.key] = watched
    turn.wake_at(ladder, ladder.acted_ms + within_ms(ladder))
    if ladder.until_ms is not None:
        turn.wake_at(ladder, max(ladder.until_ms, turn.now_ms))
    return check(turn, ladder)


def check(turn: Turn, ladder: Ladder) -> Move:
    """Whether the step has helped: its `verify` began to hold within `within`, on fresh data, and held for `hold`."""
    state = turn.state
    hold_ms = needed_hold_ms(state, ladder, turn.now_ms)
    if hold_ms is None:
        return _not_yet(turn, ladder)
    if ladder.alert_rule not in state.compiled.rules and not ladder.current.verify:
        return End(Reason.RULE_REMOVED)  # that its alert is gone says nothing about the target
    if ladder.holding_ms is None:
        ladder.holding_ms = turn.now_ms
    if turn.now_ms >= ladder.holding_ms + hold_ms:
        return Next(Reason.VERIFIED) if responds(ladder) or plays(ladder) else End(Reason.VERIFIED)
    turn.wake_at(ladder, ladder.holding_ms + hold_ms)
    return None


def _not_yet(turn: Turn, ladder: Ladder) -> Move:
    """It does not hold: that it has not helped can be said when its time is over, and somebody has been looking."""
    deadline_ms = ladder.acted_ms + within_ms(ladder)
    ladder.holding_ms = None
    if turn.now_ms < turn.state.settle_until_ms:
        turn.wake_at(ladder, max(deadline_ms, turn.state.settle_until_ms))
        return None
    return Next(Reason.VERIFY_FAILED) if turn.now_ms >= deadline_ms else None


def watch(state: State, ladder: Ladder) -> Watch | None:
    """What to watch while the ladder verifies; None where its alert alone decides. Raises `PromqlError`."""
    verify = ladder.current.verify
    if verify is None:
        return None
    plan = compile_expr(verify.expr, subquery_step_ms=state.settings.evaluation_interval_ms)
    return Watch(plan.bind(dict(ladder.alert_labels)))


def expected(ladder: Ladder) -> str:
    """What has to hold for the present step to have helped, in the words of this ladder; as its rule has it where these
    cannot be filled in."""
    verify = ladder.current.verify
    if verify is None:
        return f"the alert {ladder.rule.alert} resolves"
    found = rendered({"expr": verify.expr}, ladder)
    return verify.expr if isinstance(found, Refusal) else found["expr"]


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
