"""The loop of one message: run what came due before it, apply it, return what was decided.

`step` is the whole interface of the core. It owns the clock of the decisions: `now` is the journal time of the message,
never running backwards (but see `rebase`), and work that comes due between two messages runs at its due time, in order.
"""

from collections.abc import Iterable, Iterator

from engine.core import acting, clocks, counting, decide, detect, intake, writing
from engine.core.derive import install
from engine.core.effects import Effect, Rejected
from engine.core.evaluate import evaluate, remove_rule
from engine.core.intake import MINUTE_MS
from engine.core.messages import Activation, Message, Unreadable
from engine.core.program import RecordingRule
from engine.core.rebase import follow
from engine.core.scaling import loop as scaling
from engine.core.schedule import refresh_at, schedule_rules
from engine.core.state import State
from engine.core.timers import Timer
from engine.core.turn import Turn
from schemas.audit import AuditEntry
from schemas.control import Abort, Act, Approve, Emergency, Halt, Play, Resume, Tick
from schemas.events import Events
from schemas.inventory import Inventory
from schemas.outcomes import Outcome
from schemas.reasons import Reason
from schemas.refusals import Refusals
from schemas.samples import SampleBatch

AT_ONCE = 100
"""So many sources of a rule each have it evaluated with every scrape."""

SOURCES_A_MS = 10
"""For so many more sources it waits a millisecond between two evaluations."""

TICKS_MISSED = 3
"""So many ticks missing in a row mean that nobody was deciding."""


def step(state: State, message: Message) -> tuple[Effect, ...]:
    """Apply one journal message and return what follows from it, in order."""
    back_ms = follow(state, message.time_ms)
    before_ms = state.now_ms
    now_ms = max(before_ms, message.time_ms)
    turn = Turn(state, now_ms, message.seq)
    if back_ms:
        _note_jump(turn, f"the clock of the journal was set back by {back_ms / 1000:g} s")
    _notice_gap(turn, message.seq)
    _run_due(turn, now_ms)
    turn.now_ms = state.now_ms = now_ms
    state.seq = message.seq
    _apply(turn, message)
    if now_ms // MINUTE_MS != before_ms // MINUTE_MS:
        _housekeep(turn)
    return tuple(turn.effects)


def _notice_gap(turn: Turn, seq: int) -> None:
    """Missing ticks, or missing messages, hold all acts until one fresh interval has passed."""
    state = turn.state
    ticked_ms = state.last_tick_ms
    tick_ms = state.tick_interval_ms
    late = ticked_ms is None or turn.now_ms - ticked_ms > TICKS_MISSED * tick_ms
    jumped = state.seq != 0 and seq != state.seq + 1
    if not (late or jumped):
        return
    if turn.now_ms >= state.settle_until_ms:
        what = f"messages {state.seq + 1} to {seq - 1} are missing" if jumped else "no engine was ticking"
        _note_jump(turn, what)
    state.unsettled_ms = turn.now_ms


def _note_jump(turn: Turn, what: str) -> None:
    turn.effects.append(AuditEntry(kind="decision", reason=Reason.TIME_JUMPED, detail=what))


def _run_due(turn: Turn, until_ms: int) -> None:
    """Run what came due, each at its own time. An evaluation grid that was missed is not made up."""
    state = turn.state
    for timer in state.timers.due(until_ms):
        turn.now_ms = state.now_ms = max(state.now_ms, timer.due_ms)
        match timer.kind:
            case "evaluate":
                _evaluate_due(turn, timer, until_ms)
            case "refresh":
                _refresh(turn, timer, until_ms)
            case "wake":
                decide.on_time(turn, timer.key)
            case "expire":
                detect.expire(turn, timer.key)
            case "correlate":
                detect.due(turn)
            case "count":
                for name in counting.due(turn, timer.due_ms):
                    _tell_readers(turn, name)
            case "scale":
                scaling.due(turn, timer.key, until_ms)


def _evaluate_due(turn: Turn, timer: Timer, until_ms: int) -> None:
    compiled = turn.state.compiled.rules.get(timer.key)
    if compiled is None:
        return
    if not compiled.on_arrival and (timer.due_ms - compiled.offset_ms) % compiled.period_ms == 0:
        turn.state.timers.set(Timer(compiled.next_grid_ms(until_ms), "evaluate", compiled.place, timer.key))
    _evaluate(turn, (timer.key,))


def _refresh(turn: Turn, timer: Timer, until_ms: int) -> None:
    """At least every `evaluation_interval` a rule is evaluated, because its value changes with time alone; unless it
    has nothing to look at: then it waits for a sample.
    """
    state = turn.state
    compiled = state.compiled.rules.get(timer.key)
    if compiled is None:
        return
    again_ms = state.evaluated_ms.get(timer.key, 0) + compiled.period_ms
    if again_ms > timer.due_ms:
        refresh_at(state, compiled, again_ms)
        return
    _evaluate(turn, (timer.key,))
    if timer.key in state.compiled.idle:
        state.compiled.unscheduled.add(timer.key)
    else:  # those that were missed are not made up
        missed = (until_ms - timer.due_ms) // compiled.period_ms
        refresh_at(state, compiled, timer.due_ms + (missed + 1) * compiled.period_ms)


def _evaluate(turn: Turn, rules: Iterable[str]) -> None:
    for rule in rules:
        compiled = turn.state.compiled.rules[rule]
        effects = evaluate(turn.state, compiled, turn.now_ms, turn.seq)
        if rule in turn.state.compiled.unscheduled:
            refresh_at(turn.state, compiled, turn.now_ms + compiled.period_ms)
        if effects:
            turn.effects += effects
            decide.on_transitions(turn, effects)
        if isinstance(compiled.rule, RecordingRule):
            _tell_readers(turn, compiled.rule.name)


def _tell_readers(turn: Turn, name: str) -> None:
    """Something was recorded as the metric `name`: whoever looks at it does so now."""
    for reader in turn.state.compiled.readers(name):
        turn.state.timers.set(Timer(turn.now_ms, "evaluate", reader.place, reader.rule.id))


def _apply(turn: Turn, message: Message) -> None:
    match message.body:
        case SampleBatch() as batch:
            _samples(turn, batch, message.node)
        case Tick() as tick:
            turn.state.last_tick_ms = turn.now_ms
            turn.state.tick_interval_ms = tick.interval_ms
        case Outcome() as outcome:
            decide.on_outcome(turn, outcome)
        case Refusals() as report:
            decide.on_refusals(turn, report)
        case Inventory() as inventory:
            decide.on_inventory(turn, inventory)
        case Events() as events:
            detect.on_events(turn, events, message.node)
        case Activation() as activation:
            _activate(turn, activation)
        case Halt() | Resume() | Emergency() | Approve() | Act() | Play() | Abort() as request:
            decide.on_control(turn, request)
        case Unreadable(reason):
            turn.effects.append(Rejected(reason))


def _samples(turn: Turn, batch: SampleBatch, node: str) -> None:
    """Append one scrape, then evaluate what it triggers. Its samples apply together."""
    state = turn.state
    layout = intake.append(turn, batch, node)
    if layout is None:
        return
    if turn.now_ms - batch.time_ms > state.settings.evaluation_interval_ms:
        _wake(turn, layout.triggered)
        return  # late samples fill windows and trigger nothing
    _evaluate(turn, _due_on_arrival(turn, layout.triggered))
    touched = (key for key, watch in state.watches.items() if watch.touched_by(batch.layout, layout, state.store))
    decide.on_samples(turn, sorted(touched))
    scaling.on_samples(turn, state.compiled.scales.touched_by(batch.layout, layout, state.store))


def _wake(turn: Turn, triggered: Iterable[int]) -> None:
    """Rules that waited for a sample look again when they would have, had they not waited."""
    compiled = turn.state.compiled
    for rule in (compiled.on_arrival[position] for position in triggered):
        if rule.rule.id in compiled.unscheduled:
            refresh_at(turn.state, rule, turn.now_ms + rule.period_ms)


def _due_on_arrival(turn: Turn, triggered: Iterable[int]) -> Iterator[str]:
    """Those of the triggered rules that are evaluated at once; of the others it is remembered when they will be.

    An evaluation looks at all sources of a rule, so that it costs the more the more there are, and the more of them
    bring samples. Past `AT_ONCE` sources it therefore waits the longer the more there are, for all that come meanwhile.
    """
    state = turn.state
    compiled, settings = state.compiled, state.settings
    for position in triggered:
        rule = compiled.on_arrival[position]
        gap_ms = min((compiled.sources[position] - AT_ONCE) // SOURCES_A_MS, settings.evaluation_interval_ms)
        due_ms = state.evaluated_ms.get(rule.rule.id, 0) + gap_ms
        if gap_ms <= 0 or due_ms <= turn.now_ms:
            yield rule.rule.id
        else:
            state.timers.set(Timer(due_ms, "evaluate", rule.place, rule.rule.id))


def _activate(turn: Turn, activation: Activation) -> None:
    """From here on these are the rules. One whose trigger is unchanged keeps its alerts; ladders run on as they are."""
    state = turn.state
    program = activation.program
    before = state.program
    turn.forget()
    install(state, program, activation.past.planned if activation.past else None)
    if activation.past:
        activation.past.fill(state)
        if warming := activation.past.warming_up(activation.began_ms):
            turn.effects.append(warming)
    for record in before.records:
        if record.id not in state.compiled.rules:
            writing.end(state, record)
    for rule in before.alerts:
        if rule.id not in state.compiled.rules:
            effects = remove_rule(state, rule, turn.now_ms)
            turn.effects += effects
            decide.on_transitions(turn, effects)
    for event_rule in before.events:
        if event_rule.id not in state.compiled.detector.rules:
            detect.remove(turn, event_rule)
    detect.activated(turn)
    schedule_rules(state)
    scaling.schedule(state)
    acting.look_again(turn)
    detail = f"{activation.request.bundle}: {len(program.alerts)} alert, {len(program.records)} recording, "
    detail += f"{len(program.events)} event, {len(program.heals)} heal, "
    detail += f"{len(program.responds)} respond, {len(program.scales)} scale rules, {len(program.playbooks)} playbooks"
    by = activation.request.by
    turn.effects.append(
        AuditEntry(kind="control", reason=Reason.RULES_ACTIVATED, verb="activate", by=by, detail=detail)
    )


def _housekeep(turn: Turn) -> None:
    """A minute is over: forget what is over too, and look at the clocks."""
    state = turn.state
    state.cooldowns = {key: until_ms for key, until_ms in state.cooldowns.items() if until_ms > state.now_ms}
    acting.forget(state, state.now_ms)
    intake.forget(state)
    state.compiled.scales.forget(state.layouts)
    counting.forget(state)
    state.correlator.forget(state.now_ms)
    for node, ahead_ms in clocks.minute(state.clocks, state.settings.evaluation_interval_ms):
        detail = f"samples of {node} are {abs(ahead_ms) / 1000:g} s {'ahead' if ahead_ms > 0 else 'late'}"
        turn.effects.append(AuditEntry(kind="decision", reason=Reason.CLOCK_SKEWED, detail=detail))
