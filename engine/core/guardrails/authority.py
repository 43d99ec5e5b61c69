"""Guardrails of who may do what, where, and on which knowledge: verbs, protected targets, fresh evidence."""

from engine.core.compiled import CompiledRule
from engine.core.guardrails.hold import Hold, Never
from engine.core.policy import Act, Policy, among
from engine.core.remediation import Ladder
from engine.core.turn import Turn
from engine.promql import PromqlError
from schemas.reasons import Reason


def allowed(turn: Turn, _: Ladder, act: Act) -> Never | None:
    """The verb may be used in our environment. Where the policy names environments, one that it does not name may
    nothing."""
    policy, ours = turn.state.program.policy, turn.state.settings.environment
    if not policy.environments or turn.once(("allowed", act.verb), lambda: _may(policy, ours, act.verb)):
        return None
    where = ours or "an environment without a name"
    return Never(Reason.VERB_NOT_ALLOWED, f"{act.verb} in {where}", policy.source("environments"))


def _may(policy: Policy, ours: str, verb: str) -> bool:
    return any(among((each.name,), ours) and each.verbs and among(each.verbs, verb) for each in policy.environments)


def protected(turn: Turn, _: Ladder, act: Act) -> Never | None:
    """The policy protects the target, or its workload."""
    policy = turn.state.program.policy
    named = policy.protected
    found = named and (among(named, act.target) or among(named, act.workload))
    return Never(Reason.PROTECTED, act.target, policy.source("protected")) if found else None


def fresh(turn: Turn, ladder: Ladder, act: Act) -> Hold | None:
    """What a rule decides rests on samples and an inventory that are not too old. A person has eyes."""
    policy = turn.state.program.policy
    whole = ladder.outermost
    if whole.origin.kind != "rule":
        return None
    seen_ms = turn.state.inventory_ms.get(act.scope, 0)
    if policy.inventory_ms and seen_ms + policy.inventory_ms < turn.now_ms:
        return _stale(turn, f"the inventory is {(turn.now_ms - seen_ms) // 1000} s old")
    if (
        policy.samples_ms
        and not ladder.undo
        and (age_ms := _samples_age_ms(turn, whole.alert_rule)) > policy.samples_ms
    ):
        return _stale(turn, f"the alert's newest sample is {age_ms // 1000} s old")
    return None


def _stale(turn: Turn, detail: str) -> Hold:
    """Until the next evaluation, which may have newer."""
    state = turn.state
    again_ms = turn.now_ms + state.settings.evaluation_interval_ms
    return Hold(Reason.STALE_EVIDENCE, detail, again_ms, source=state.program.policy.source("freshness"))


def _samples_age_ms(turn: Turn, rule: str) -> int:
    """Of what the alert's rule looks at; an alert about events rests on none."""
    compiled = turn.state.compiled.rules.get(rule)
    return turn.once(("age", rule), lambda: _age_ms(turn, compiled)) if compiled else 0


def _age_ms(turn: Turn, compiled: CompiledRule) -> int:
    try:
        freshness = compiled.plan.freshness(turn.state.store, turn.now_ms)
    except PromqlError:
        return 0
    return turn.now_ms - freshness.newest_ms if freshness.series else 0
