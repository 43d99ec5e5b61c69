"""The answer: what stands between a rule and an act on a target, in the order of what matters."""

from collections.abc import Iterator
from dataclasses import replace

from engine.core.explain.names import Acting, meant, meant_target, related, rules_named, target_of
from engine.core.explain.scene import YET, Scene
from engine.core.explain.standing import standing
from engine.core.explain.told import Explanation, Why
from engine.core.explain.verdicts import first
from engine.core.program import HealRule, Playbook
from engine.core.scaling.memory import Memory
from engine.core.scaling.rule import ScaleRule
from engine.core.state import State
from engine.core.tallies import Tallies
from engine.core.turn import Turn
from schemas.reasons import Reason

MOST = 20
"""So many ladders and alerts are listed."""

_FINAL = frozenset({"flapping", "command", "allowed", "protected"})
"""What objects for good: a ladder does not wait for it, so it may be why there is none."""
_LAST = frozenset({"mode", "approved"})
"""What is asked once there is something to send: no reason for that there is not."""


def explain(state: State, rule: str, target: str, now_ms: int) -> Explanation:
    """Why the rule, or playbook, has not acted on the target, or on any where none is named. Nothing is changed."""
    found = rules_named(state.program, rule)
    if len(found) != 1:
        return _unknown(state, rule, found, now_ms)
    # Counting forgets what is over: what is counted for the answer is counted apart.
    apart = replace(state, tallies=Tallies(state.program.policy, state.done))
    wanted = target_of(state, target) if target else None
    return _told(Scene(Turn(apart, now_ms, state.seq), found[0], wanted or target, known=bool(wanted)))


def _unknown(state: State, rule: str, found: list[Acting], now_ms: int) -> Explanation:
    detail = f"several groups have a rule {rule}: which?" if found else ""
    suggestions = tuple(each.origin for each in found) or meant(state.program, rule)
    why = Why(reason=Reason.UNKNOWN_RULE, detail=detail)
    return Explanation(now_ms=now_ms, rule=rule, why=(why,), suggestions=suggestions)


def _told(scene: Scene) -> Explanation:
    rule = scene.acting.rule
    does, found = scene.verdicts
    ladders = [standing(each, found, does) if each is scene.main else standing(each) for each in scene.ladders[:MOST]]
    alerts = scene.called if scene.main else scene.alerts
    return Explanation(
        now_ms=scene.turn.now_ms,
        rule=scene.acting.origin,
        target=scene.target,
        kind="playbook" if isinstance(rule, Playbook) else "scale" if isinstance(rule, ScaleRule) else rule.kind,
        mode="" if isinstance(rule, Playbook) else rule.mode,
        source=rule.source,
        alertname=rule.alert if isinstance(rule, HealRule) else "",
        why=tuple(_each_once(_whys(scene))),
        suggestions=meant_target(scene.turn.state, scene.target) if scene.target and not scene.known else (),
        does=does,
        guardrails=found,
        ladders=tuple(ladders),
        more_ladders=max(len(scene.ladders) - MOST, 0),
        alerts=tuple(alerts[:MOST]),
        more_alerts=max(len(alerts) - MOST, 0),
    )


def _whys(scene: Scene) -> Iterator[Why]:
    """What matters most first."""
    _, found = scene.verdicts
    if scene.main:
        if scene.main.phase not in YET:
            yield from _final(scene)
        yield standing(scene.main, found).why
        return
    if scene.target and not scene.known:
        yield Why(reason=Reason.UNKNOWN_TARGET, detail=scene.target)
    match scene.acting.rule:
        case HealRule() as rule:
            yield from _why_not_begun(scene, rule)
        case ScaleRule() as rule:
            yield from _why_not_scaled(scene, rule)
        case Playbook():
            yield _why_not_run(scene)
    if objection := first(each for each in found if each.guardrail not in _LAST):
        yield objection


def _final(scene: Scene) -> Iterator[Why]:
    """What refused the step for good."""
    final = (each for each in scene.verdicts[1] if each.guardrail in _FINAL)
    yield from (each.objections[0] for each in final if each.objections)


def _why_not_begun(scene: Scene, rule: HealRule) -> Iterator[Why]:
    """Its alert has not called for a ladder, or that is over."""
    fired = next((each for each in scene.concerned if each.state == "firing"), None)
    if fired:
        yield from _final(scene)
        if rule.mode == "shadow":
            yield Why(reason=Reason.SHADOW, source=rule.source)
        yield Why(reason=Reason.LADDER_OVER, detail=f"{rule.alert} fires, {fired.alert}", source=rule.source)
    elif scene.concerned:
        yield from (each.why for each in scene.concerned if each.why)
    elif others := [each.target or "nothing that could be changed" for each in scene.alerts if each.alert]:
        names = ", ".join(dict.fromkeys(others[:MOST]))
        yield Why(reason=Reason.NOT_ITS_TARGET, detail=f"{rule.alert} is active for {names}", source=rule.source)
    else:
        yield from (each.why for each in scene.alerts if each.why)
    if rule.mode == "shadow":
        yield Why(reason=Reason.SHADOW, source=rule.source)


def _why_not_scaled(scene: Scene, rule: ScaleRule) -> Iterator[Why]:
    """What was decided last."""
    memory = scene.turn.state.scales.get(rule.id) or Memory()
    if scene.target and not related(scene.turn.state, rule.target, scene.target):
        yield Why(reason=Reason.NOT_ITS_TARGET, detail=f"it scales {rule.target}", source=rule.source)
    elif not memory.reason:
        yield Why(reason=Reason.NOT_EVALUATED, source=rule.source)
    else:
        if rule.mode == "shadow" and memory.desired != memory.wanted:
            yield Why(reason=Reason.SHADOW, source=rule.source)
        yield Why(reason=Reason(memory.reason), detail=memory.detail, source=rule.source)


def _why_not_run(scene: Scene) -> Why:
    """Nobody has asked for the playbook since its last run."""
    runs, title = scene.turn.state.runs.values(), scene.acting.origin
    last = next((each for each in reversed(runs) if f"{each.playbook}@{each.version}" == title), None)
    detail = f"the last run, {last.id}, ended {last.reason}" if last else ""
    return Why(reason=Reason.NOT_ASKED_FOR, detail=detail, source=scene.acting.rule.source)


def _each_once(whys: Iterator[Why]) -> Iterator[Why]:
    told: set[Reason] = set()
    for each in whys:
        if each.reason not in told or each.reason in (Reason.ALERT_INACTIVE, Reason.ALERT_PENDING):
            told.add(each.reason)
            yield each
