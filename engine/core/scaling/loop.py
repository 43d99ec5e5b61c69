"""When a scaling rule is decided, and what becomes of the decision.

It is decided on its interval's grid and, unless its group has an `interval`, when a sample comes that a metric selects,
once a second at most. A decision to change something becomes a ladder of one step, so that modes, guardrails, approval,
once-only and audit are those of all acts; while one runs, none is begun. What is decided is put on record when it
is something else than before; that all is well, only after it was not.
"""

from collections.abc import Iterable

from engine.core import acting, notices
from engine.core import ladder as ladders
from engine.core.guardrails import Hold, Never, hold, objection
from engine.core.program import HealRule, Step
from engine.core.remediation import Ladder, ladder_id
from engine.core.resolve import Refusal, resolve
from engine.core.scaling.compiled import CompiledScale
from engine.core.scaling.judge import Decision, judge
from engine.core.scaling.memory import Memory
from engine.core.scaling.recommend import Question
from engine.core.scaling.rule import ScaleRule
from engine.core.scaling.workload import Workload, read
from engine.core.state import State
from engine.core.timers import Timer
from engine.core.turn import Turn
from schemas.audit import AuditEntry
from schemas.commands import Origin
from schemas.outcomes import Outcome
from schemas.reasons import Reason

LEAST_GAP_MS = 1_000
"""Samples have a rule decided no more often than this."""

_NO = frozenset({Reason.APPROVAL_DENIED, Reason.APPROVAL_LAPSED})
_WELL = frozenset({Reason.WITHIN_TOLERANCE})


def schedule(state: State) -> None:
    """Put every rule on its grid; forget what is kept of those that are gone."""
    state.timers.drop("scale")
    rules = state.compiled.scales.rules
    state.scales = {rule: memory for rule, memory in state.scales.items() if rule in rules}
    for key, compiled in rules.items():
        state.timers.set(Timer(compiled.next_grid_ms(state.now_ms), "scale", compiled.rule.place, key))


def due(turn: Turn, key: str, until_ms: int) -> None:
    """A timer came due: decide, and again an interval later; those that were missed are not made up."""
    compiled = turn.state.compiled.scales.rules.get(key)
    if compiled is None:
        return
    turn.state.timers.set(Timer(compiled.next_grid_ms(until_ms), "scale", compiled.rule.place, key))
    decide(turn, compiled)


def on_samples(turn: Turn, keys: Iterable[str]) -> None:
    """Samples came that these rules' metrics select."""
    for key in keys:
        compiled, memory = turn.state.compiled.scales.rules[key], turn.state.scales.get(key)
        if memory is None or turn.now_ms - memory.evaluated_ms >= LEAST_GAP_MS:
            decide(turn, compiled)


def on_outcome(turn: Turn, ladder: Ladder, outcome: Outcome) -> None:
    """The command of a rule was answered: the next decision waits for an inventory that shows what came of it."""
    memory, compiled = turn.state.scales.get(ladder.rule.id), turn.state.compiled.scales.rules.get(ladder.rule.id)
    if memory is None or compiled is None:
        return
    replicas = int(ladder.rule.steps[0].args["replicas"])
    memory.asked, memory.acted_on, memory.acted_ms = False, replicas, turn.now_ms
    by = replicas - int(ladder.value)
    memory.unsure = by if outcome.status == "unknown" else 0
    if outcome.status == "succeeded":
        memory.changed(by, compiled.rule, turn.now_ms)


def decide(turn: Turn, compiled: CompiledScale) -> None:
    """Decide one rule now."""
    state, rule = turn.state, compiled.rule
    memory = state.scales.setdefault(rule.id, Memory())
    memory.evaluated_ms = turn.now_ms
    running = state.ladders.get(memory.ladder)
    acting_now = running is not None and running.phase != "approval"
    _notice_answer(turn, memory, running)
    workload = read(state, rule)
    if not isinstance(workload, Refusal):
        workload = _shown(memory, workload, rule, turn.now_ms)
    if isinstance(workload, Refusal):
        return None if acting_now else _tell(turn, compiled, memory, workload.reason, workload.detail)
    most, period_ms = state.settings.max_query_samples, compiled.period_ms
    question = Question(rule, compiled.plans, workload, state.store, turn.now_ms, most, period_ms)
    decision = judge(question, memory, compiled.bounds(state.program.zones, turn.now_ms))
    if acting_now:
        return None  # it counts for the stabilization windows all the same
    memory.wanted, memory.desired = workload.counts.wanted, decision.replicas
    if running:
        return _still_asked(turn, memory, running, workload, decision)
    if decision.replicas == workload.counts.wanted:
        return _tell(turn, compiled, memory, decision.reason, decision.why)
    return _act(turn, compiled, memory, workload, decision)


def _shown(memory: Memory, workload: Workload, rule: ScaleRule, now_ms: int) -> Workload | Refusal:
    """The workload, once its inventory shows what came of the last command. What nobody knew of then counts as a change
    if it is there."""
    if memory.acted_on is None:
        return workload
    if workload.counts.wanted != memory.acted_on and workload.seen_ms <= memory.acted_ms:
        return Refusal(Reason.STALE_INVENTORY, "of before the last scaling")
    if memory.unsure and workload.counts.wanted == memory.acted_on:
        memory.changed(memory.unsure, rule, now_ms)
    memory.acted_on, memory.unsure = None, 0
    return workload


def _act(turn: Turn, compiled: CompiledScale, memory: Memory, workload: Workload, decision: Decision) -> None:
    """Scale, if nothing objects. What objects is told once and not waited for: the next decision is another."""
    rule = compiled.rule
    ladder = ladder_of(rule, decision, workload.counts.wanted, turn.seq)
    if found := hold(turn, ladder):
        return _held(turn, compiled, memory, found)
    if turn.now_ms < memory.quiet_until_ms:
        return _tell(turn, compiled, memory, Reason.APPROVAL_DENIED, decision.why)
    what = resolve(turn, ladder)
    if isinstance(what, Refusal):
        return _tell(turn, compiled, memory, what.reason, what.detail)
    if objects := objection(turn, ladder, acting.act_of(turn.state, ladder, what)):
        return _held(turn, compiled, memory, objects)
    most_ms = turn.state.program.policy.samples_ms
    if most_ms and (age_ms := _age_ms(turn, compiled)) > most_ms:
        return _tell(turn, compiled, memory, Reason.STALE_EVIDENCE, f"the newest sample is {age_ms // 1000} s old")
    memory.reason, memory.detail = decision.reason, decision.why
    if compiled.rule.mode != "shadow":
        memory.told = ""
    elif not _is_news(turn, compiled, memory, f"{Reason.SHADOW} {decision.replicas}"):
        return None
    ladders.start(turn, ladder)
    memory.ladder, memory.asked = ladder.key, ladder.phase == "approval"
    return None


def _held(turn: Turn, compiled: CompiledScale, memory: Memory, found: Hold | Never) -> None:
    """As of every act that is held, people hear of it when it begins, where the guardrail wants them to."""
    begins = memory.reason != found.reason
    _tell(turn, compiled, memory, found.reason, found.detail)
    if begins and found.tell:
        what = f"scale {compiled.rule.target}, {compiled.rule.origin}"
        how = "held" if isinstance(found, Hold) else "refused"
        notices.once(turn, found.tell, found.reason, f"{what} is {how}: {found.detail}")
        ladders.follow_up(turn)


def _still_asked(turn: Turn, memory: Memory, ladder: Ladder, workload: Workload, decision: Decision) -> None:
    """A person is asked for leave. What is asked stays the same while it goes the same way, so that it can be read."""
    asked, wanted = int(ladder.rule.steps[0].args["replicas"]), workload.counts.wanted
    if (asked - wanted) * (decision.replicas - wanted) <= 0:
        memory.asked = False
        ladders.end(turn, ladder, Reason.NO_LONGER_WANTED, decision.why)


def _notice_answer(turn: Turn, memory: Memory, running: Ladder | None) -> None:
    """A person said no, or nothing in time: nobody is asked again for as long as one had to answer."""
    if not memory.asked or running is not None:
        return
    memory.asked = False
    if memory.ended in _NO:
        memory.quiet_until_ms = turn.now_ms + turn.state.settings.approval_ttl_ms


def ladder_of(rule: ScaleRule, decision: Decision, replicas: int, seq: int) -> Ladder:
    """The ladder of one decision, taken on the journal message `seq` while there are so many replicas."""
    target = rule.target
    step = Step(verb=rule.verb, args={**rule.args, "replicas": str(decision.replicas)})
    origin = Origin(kind="rule", name=rule.origin)
    return Ladder(
        id=ladder_id(origin.name, target, seq),
        rule=HealRule(
            id=rule.id,
            group=rule.group,
            name=rule.name,
            alert="",
            source=rule.source,
            steps=(step,),
            kind="scale",
            mode=rule.mode,
            cooldown_ms=rule.cooldown_ms,
        ),
        origin=origin,
        onset=seq,
        because=decision.reason,
        value=float(replicas),
        annotations={"summary": decision.why},
        target=target,
    )


def _tell(turn: Turn, compiled: CompiledScale, memory: Memory, reason: Reason, detail: str) -> None:
    memory.reason, memory.detail = reason, detail
    memory.desired = memory.desired if reason not in _WELL else memory.wanted
    if _is_news(turn, compiled, memory, "" if reason in _WELL else str(reason)):
        rule = compiled.rule
        turn.effects.append(
            AuditEntry(
                kind="decision", reason=reason, rule=rule.origin, target=rule.target, verb=rule.verb, detail=detail
            )
        )


def _is_news(turn: Turn, compiled: CompiledScale, memory: Memory, said: str) -> bool:
    """Whether this is to be put on record: it is something else than before, and an interval has passed since. Load
    that goes to and fro with every sample must not fill the audit."""
    lately = memory.told_ms is not None and turn.now_ms - memory.told_ms < compiled.period_ms
    if memory.told == said or lately:
        return False
    memory.told, memory.told_ms = said, turn.now_ms
    return True


def _age_ms(turn: Turn, compiled: CompiledScale) -> int:
    """How old the samples are that the metrics rest on."""
    found = (plan.freshness(turn.state.store, turn.now_ms) for plan in compiled.plans)
    return max((turn.now_ms - fresh.newest_ms for fresh in found if fresh.series), default=0)
