"""The remediation ladder. Every transition of it lives in this file.

    phase       on                                         goes to
    ----------  -----------------------------------------  ---------------------------------------------------
    held        nothing holds it back any more             approval (mode approve), commanded, or ended (SHADOW)
    held        its alert resolved                         ended RESOLVED_BEFORE_ACT
    approval    approved / denied / nobody in time         commanded / ended / ended
    commanded   outcome succeeded, conflict                verifying (or ended DONE, where nothing is to verify)
    commanded   outcome expired, refused HALTED            held, as a new attempt
    commanded   outcome failed, refused                    held at the next step
    commanded   outcome unknown                            held at the next step that only tells, else ended
    verifying   `verify` held for `hold`                   ended VERIFIED
    verifying   `within` passed                            held at the next step
    any         no next step                               ended EXHAUSTED

A conflict means that somebody else changed the target first; whether that helped is for `verify` to say.
"""

from dataclasses import dataclass, field

from engine.core.compiled import Watch
from engine.core.effects import Effect
from engine.core.program import DEFAULT_WITHIN_MS, Verb
from engine.core.resolve import Refusal, render_args, resolve, target_id
from engine.core.state import Ladder, State
from engine.core.timers import Timer
from engine.promql import PromqlError, compile_expr
from schemas.audit import AuditEntry, EntryKind
from schemas.commands import Command
from schemas.outcomes import Outcome
from schemas.reasons import Reason

MAX_ATTEMPTS = 5
"""A step that came too late so often is taken as failed: the actuator is overloaded or its clock is wrong."""


@dataclass
class Turn:
    """The present step of the core: the state it changes, where it is in time and journal, and what was decided."""

    state: State
    now_ms: int
    seq: int
    effects: list[Effect] = field(default_factory=list)

    def note(
        self, ladder: Ladder, reason: Reason, detail: str = "", kind: EntryKind = "decision", by: str = ""
    ) -> None:
        """Put on record why something was done, or was not."""
        command = ladder.command
        self.effects.append(
            AuditEntry(
                kind=kind,
                reason=reason,
                rule=ladder.origin.name,
                target=ladder.target,
                alert=ladder.alert,
                onset=ladder.onset,
                ladder=ladder.id,
                command=command.id if command else "",
                verb=ladder.current.verb,
                step=ladder.step,
                state=ladder.phase,
                detail=detail,
                by=by,
            )
        )


def start(turn: Turn, ladder: Ladder) -> None:
    """Begin at the first step."""
    turn.state.ladders[ladder.key] = ladder
    take(turn, ladder, ladder.because)


def take(turn: Turn, ladder: Ladder, because: Reason, *, approved: bool = False) -> None:
    """Take the current step, if nothing holds it back."""
    state = turn.state
    ladder.phase, ladder.because, ladder.command = "held", because, None
    alert = state.alert_of(ladder)
    if ladder.origin.kind == "rule" and not (alert and alert.firing):
        return end(turn, ladder, Reason.RESOLVED_BEFORE_ACT)
    verb = state.program.verbs.get(ladder.current.verb)
    args = render_args(ladder)
    if verb and not isinstance(args, Refusal):
        ladder.target = target_id(verb, args) or ladder.target
    if _held_back(turn, ladder, verb):
        return None
    command = resolve(state, ladder, turn.now_ms, turn.seq, len(turn.effects))
    if isinstance(command, Refusal):
        turn.note(ladder, command.reason, command.detail)
        return _next(turn, ladder, Reason.STEP_FAILED)
    ladder.command = command
    if ladder.rule.mode == "shadow":
        turn.note(ladder, Reason.SHADOW, f"would {describe(command)}")
        return end(turn, ladder, Reason.SHADOW)
    if ladder.rule.mode == "approve" and not approved and verb and verb.changes_target:
        return _ask(turn, ladder, command)
    return _send(turn, ladder, command)


def approve(turn: Turn, ladder: Ladder, by: str, *, deny: bool) -> None:
    """A person answered."""
    if deny:
        turn.note(ladder, Reason.APPROVAL_DENIED, by=by)
        return end(turn, ladder, Reason.APPROVAL_DENIED)
    turn.note(ladder, Reason.APPROVED, by=by)
    return take(turn, ladder, Reason.APPROVED, approved=True)


def answer(turn: Turn, ladder: Ladder, outcome: Outcome) -> None:
    """The outcome of the command that the ladder waits for."""
    changes = _changes_target(turn.state, ladder)
    match outcome.status:
        case "succeeded" | "conflict" if not changes:
            _next(turn, ladder, Reason.DONE)
        case "succeeded" if ladder.origin.kind == "control":
            end(turn, ladder, Reason.DONE)
        case "succeeded" | "conflict" if ladder.origin.kind == "rule":
            _verify(turn, ladder)
        case "expired":
            _anew(turn, ladder)
        case "refused" if outcome.reason is Reason.HALTED:
            _anew(turn, ladder)
        case "unknown":
            _fate_unknown(turn, ladder)
        case _:
            _next(turn, ladder, Reason.STEP_FAILED)


def wake(turn: Turn, ladder: Ladder) -> None:
    """A timer of the ladder came due, or something that it waits for may have come."""
    match ladder.phase:
        case "held":
            take(turn, ladder, ladder.because)
        case "approval" if turn.now_ms >= ladder.asked_ms + turn.state.settings.approval_ttl_ms:
            end(turn, ladder, Reason.APPROVAL_LAPSED)
        case "commanded" if ladder.command and ladder.held_by is not Reason.NO_OUTCOME:
            if turn.now_ms >= ladder.command.deadline_ms + ladder.command.lease_ms:
                ladder.held_by = Reason.NO_OUTCOME
                turn.note(ladder, Reason.NO_OUTCOME)
        case "verifying":
            check(turn, ladder)


def check(turn: Turn, ladder: Ladder) -> None:
    """Whether the step has helped: its `verify` began to hold within `within`, on fresh data, and held for `hold`."""
    verify = ladder.current.verify
    within_ms = verify.within_ms if verify else DEFAULT_WITHIN_MS
    deadline_ms = ladder.acted_ms + within_ms
    hold_ms = _hold_ms(turn, ladder)
    if hold_ms is None:
        ladder.holding_ms = None
        if turn.now_ms < turn.state.settle_until_ms:
            _wake_at(turn, ladder, max(deadline_ms, turn.state.settle_until_ms))
        elif turn.now_ms >= deadline_ms:
            _next(turn, ladder, Reason.VERIFY_FAILED)
        return
    if ladder.holding_ms is None:
        ladder.holding_ms = turn.now_ms
    if turn.now_ms >= ladder.holding_ms + hold_ms:
        end(turn, ladder, Reason.VERIFIED)
    else:
        _wake_at(turn, ladder, ladder.holding_ms + hold_ms)


def end(turn: Turn, ladder: Ladder, reason: Reason) -> None:
    """The ladder is over. If it acted, its cooldown begins."""
    state = turn.state
    _stop_waiting(state, ladder)
    ladder.phase = "ended"
    turn.note(ladder, reason)
    state.watches.pop(ladder.key, None)
    del state.ladders[ladder.key]
    state.cooldowns = {key: until for key, until in state.cooldowns.items() if until > turn.now_ms}
    if ladder.acted and ladder.rule.cooldown_ms:
        state.cooldowns[_cooldown_key(ladder)] = turn.now_ms + ladder.rule.cooldown_ms


def describe(command: Command) -> str:
    """A command in a few words: `restart replica:shop/0 if generation = 7`."""
    args = "".join(f" {name}={value}" for name, value in command.args.items() if name in {"to", "version", "replicas"})
    condition = " and ".join(f"{name} = {value}" for name, value in command.condition.items())
    return f"{command.verb} {command.target}{args}" + (f" if {condition}" if condition else "")


def watch(ladder: Ladder) -> Watch | None:
    """What to watch while the ladder verifies; None where its alert alone decides."""
    verify = ladder.current.verify
    return Watch(compile_expr(verify.expr).bind(dict(ladder.alert_labels))) if verify else None


# --- the steps between ---


def _held_back(turn: Turn, ladder: Ladder, verb: Verb | None) -> bool:
    """Ask the guardrails in their order; the first that objects holds the step until it no longer does."""
    state = turn.state
    if verb is None or not verb.changes_target:
        return False
    until_ms: int | None = None
    cooldown_ms = state.cooldowns.get(_cooldown_key(ladder), 0)
    if halt := state.halt_on(ladder.target):
        reason, detail = Reason.HALTED, f"by {halt.by}" + (f": {halt.why}" if halt.why else "")
    elif turn.now_ms < state.settle_until_ms and ladder.origin.kind == "rule":
        reason, detail, until_ms = Reason.SETTLING, "", state.settle_until_ms
    elif turn.now_ms < cooldown_ms and not ladder.acted:
        reason, detail, until_ms = Reason.COOLDOWN, "", cooldown_ms
    else:
        ladder.held_by = None
        return False
    if ladder.held_by is not reason:
        ladder.held_by = reason
        turn.note(ladder, reason, detail)
    if until_ms is not None:
        _wake_at(turn, ladder, until_ms)
    return True


def _ask(turn: Turn, ladder: Ladder, command: Command) -> None:
    ladder.phase, ladder.asked_ms = "approval", turn.now_ms
    turn.note(ladder, Reason.AWAITING_APPROVAL, f"to {describe(command)}")
    _wake_at(turn, ladder, turn.now_ms + turn.state.settings.approval_ttl_ms)


def _send(turn: Turn, ladder: Ladder, command: Command) -> None:
    ladder.phase = "commanded"
    ladder.acted = ladder.acted or _changes_target(turn.state, ladder)
    waiting = turn.state.awaited.setdefault(command.id, [])
    waiting.append(ladder.key)
    turn.note(ladder, ladder.because, describe(command), kind="command")
    if len(waiting) == 1:  # two alerts may ask for the very same act at the same instant
        turn.effects.append(command)
    _wake_at(turn, ladder, command.deadline_ms + command.lease_ms)


def _verify(turn: Turn, ladder: Ladder) -> None:
    _stop_waiting(turn.state, ladder)
    ladder.phase, ladder.acted_ms, ladder.holding_ms = "verifying", turn.now_ms, None
    try:
        watched = watch(ladder)
    except PromqlError as error:
        turn.note(ladder, Reason.EVALUATION_FAILED, str(error))
        return _next(turn, ladder, Reason.VERIFY_FAILED)
    if watched:
        turn.state.watches[ladder.key] = watched
    within_ms = ladder.current.verify.within_ms if ladder.current.verify else DEFAULT_WITHIN_MS
    _wake_at(turn, ladder, ladder.acted_ms + within_ms)
    return check(turn, ladder)


def _hold_ms(turn: Turn, ladder: Ladder) -> int | None:
    """How long the step's `verify`, which holds now, must hold; None when it does not hold now."""
    state = turn.state
    watched = state.watches.get(ladder.key)
    if watched is None:
        alert = state.alert_of(ladder)
        return None if alert and alert.firing else 0
    try:
        held = len(watched.plan.evaluate(state.store, turn.now_ms)) > 0
    except PromqlError:
        held = False
    fresh = watched.plan.freshness(state.store, turn.now_ms)
    if not held or (fresh.series and fresh.newest_ms <= ladder.acted_ms):
        return None
    verify = ladder.current.verify
    if verify and verify.hold_ms is not None:
        return verify.hold_ms
    return 2 * (fresh.interval_ms or state.settings.evaluation_interval_ms)


def _anew(turn: Turn, ladder: Ladder) -> None:
    """The command had no effect for want of time or leave: decide again on the present state, under a new id."""
    _stop_waiting(turn.state, ladder)
    ladder.attempt += 1
    if ladder.attempt >= MAX_ATTEMPTS:
        return _next(turn, ladder, Reason.STEP_FAILED)
    return take(turn, ladder, Reason.DECIDED_ANEW)


def _fate_unknown(turn: Turn, ladder: Ladder) -> None:
    """Never repeated and not escalated by another act either: on to the first step that only tells somebody."""
    turn.note(ladder, Reason.FATE_UNKNOWN)
    _stop_waiting(turn.state, ladder)
    later = range(ladder.step + 1, len(ladder.rule.steps))
    verbs = turn.state.program.verbs
    for step in later:
        verb = verbs.get(ladder.rule.steps[step].verb)
        if verb and not verb.changes_target:
            ladder.step, ladder.attempt = step, 0
            return take(turn, ladder, Reason.FATE_UNKNOWN)
    return end(turn, ladder, Reason.FATE_UNKNOWN)


def _next(turn: Turn, ladder: Ladder, because: Reason) -> None:
    _stop_waiting(turn.state, ladder)
    turn.state.watches.pop(ladder.key, None)
    if ladder.step + 1 < len(ladder.rule.steps):
        ladder.step, ladder.attempt, ladder.holding_ms = ladder.step + 1, 0, None
        return take(turn, ladder, because)
    if because is Reason.DONE and not ladder.acted:
        return end(turn, ladder, Reason.DONE)
    return end(turn, ladder, because if ladder.origin.kind == "control" else Reason.EXHAUSTED)


def _stop_waiting(state: State, ladder: Ladder) -> None:
    if ladder.command and (waiting := state.awaited.get(ladder.command.id)):
        waiting.remove(ladder.key)
        if not waiting:
            del state.awaited[ladder.command.id]


def _changes_target(state: State, ladder: Ladder) -> bool:
    verb = state.program.verbs.get(ladder.current.verb)
    return verb is None or verb.changes_target


def _wake_at(turn: Turn, ladder: Ladder, at_ms: int) -> None:
    turn.state.timers.set(Timer(at_ms, "wake", 0, ladder.key))


def _cooldown_key(ladder: Ladder) -> str:
    return f"{ladder.origin.name}|{ladder.target}"
