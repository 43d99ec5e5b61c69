"""The question itself: what stands between a rule and an act on a target, in the order of what matters."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from msgspec.structs import replace as copied

from engine.core.explain import supposed
from engine.core.explain.names import Acting, meant, meant_target, related, rules_named, target_of
from engine.core.explain.nearest import active, inactive, nearest, rules_of
from engine.core.explain.standing import running, standing
from engine.core.explain.told import Explanation, Nearest, Verdict, Why
from engine.core.explain.verdicts import first, verdicts, without_target
from engine.core.program import HealRule, Playbook
from engine.core.scaling.memory import Memory
from engine.core.scaling.rule import ScaleRule
from engine.core.state import Ladder, State
from engine.core.tallies import Tallies
from engine.core.turn import Turn
from schemas.reasons import Reason

MOST = 20
"""So many ladders and alerts are listed."""
LOOKED_AT = 1_000
"""So many alerts are compared with the target, firing ones first."""

_FINAL = frozenset({"flapping", "command", "allowed", "protected"})
"""What objects for good: a ladder does not wait for it, so it may be why there is none."""


def explain(state: State, rule: str, target: str, now_ms: int) -> Explanation:
    """Why the rule, or playbook, has not acted on the target, or on any where none is named. Nothing is changed."""
    found = rules_named(state.program, rule)
    if len(found) != 1:
        return _unknown(state, rule, found, now_ms)
    # Counting forgets what is over: what is counted for the answer is counted apart.
    apart = replace(state, tallies=Tallies(state.program.policy, state.done))
    wanted = target_of(state, target) if target else None
    return _Question(Turn(apart, now_ms, state.seq), found[0], wanted or target, known=bool(wanted)).answer()


def _unknown(state: State, rule: str, found: list[Acting], now_ms: int) -> Explanation:
    detail = f"several groups have a rule {rule}: which?" if found else ""
    suggestions = tuple(each.origin for each in found) or meant(state.program, rule)
    why = Why(reason=Reason.UNKNOWN_RULE, detail=detail)
    return Explanation(now_ms=now_ms, rule=rule, why=(why,), suggestions=suggestions)


@dataclass(frozen=True)
class _Question:
    """One rule and one target, empty for any. `known`: the inventory has it."""

    turn: Turn
    acting: Acting
    target: str
    known: bool

    def answer(self) -> Explanation:
        state, rule = self.turn.state, self.acting.rule
        does, found = self._verdicts
        ladders = [standing(each, found, does) if each is self._main else standing(each) for each in self._listed]
        alerts = self._alerts if self._main is None or not self.target else self._concerned
        return Explanation(
            now_ms=self.turn.now_ms,
            rule=self.acting.origin,
            target=self.target,
            kind="playbook" if isinstance(rule, Playbook) else "scale" if isinstance(rule, ScaleRule) else rule.kind,
            mode="" if isinstance(rule, Playbook) else rule.mode,
            source=rule.source,
            alertname=rule.alert if isinstance(rule, HealRule) else "",
            why=tuple(_each_once(self._whys())),
            suggestions=meant_target(state, self.target) if self.target and not self.known else (),
            does=does,
            guardrails=found,
            ladders=tuple(ladders),
            more_ladders=max(len(self._about) - MOST, 0),
            alerts=tuple(alerts[:MOST]),
            more_alerts=max(len(alerts) - MOST, 0),
        )

    # --- what there is ---

    @property
    def _listed(self) -> list[Ladder]:
        return self._about[:MOST]

    @cached_property
    def _about(self) -> list[Ladder]:
        """The rule's running ladders that are about the target; those that act before those that undo or only wait."""
        found = [each for each in running(self.turn.state, self.acting.origin) if self._concerns(each)]
        return sorted(found, key=lambda each: (each.undo is not None, each.phase == "waiting"))

    @cached_property
    def _main(self) -> Ladder | None:
        """The one that the answer is about."""
        return next((each for each in self._about if each.undo is None), None)

    @cached_property
    def _alerts(self) -> list[Nearest]:
        """The alerts that the rule acts on, and why those that are not active are not."""
        rule, state = self.acting.rule, self.turn.state
        if not isinstance(rule, HealRule):
            return []
        rules = rules_of(state, rule.alert)
        found = []
        for made_by, alert in active(state, rules)[:LOOKED_AT]:
            ladder = supposed.on_alert(self.turn, rule, made_by.id, alert)
            there = supposed.at_act(self.turn, ladder)
            found.append(nearest(made_by, alert, ladder=ladder.id, target=there.target if there else ""))
        found.sort(key=lambda each: not self._is_target(each.target))
        return [*found, *inactive(state, rules)]

    @cached_property
    def _concerned(self) -> list[Nearest]:
        """The active ones about the target."""
        return [each for each in self._alerts if each.alert and (not self.target or self._is_target(each.target))]

    @cached_property
    def _supposed(self) -> Ladder | None:
        """The ladder that guardrails are asked about, at its first act: the one that runs, if it has yet to be sent; or
        else the one that the rule would climb.
        """
        if self._main:
            return self._to_be_sent(self._main)
        rule, turn = self.acting.rule, self.turn
        if isinstance(rule, HealRule) and self._concerned:
            made_by = {each.id: each for each in rules_of(turn.state, rule.alert)}
            id_ = self._concerned[0].alert
            of_alert = ((name, each) for name in made_by for each in turn.state.alerts.get(name, {}).values())
            name, alert = next(each for each in of_alert if each[1].id == id_)
            return supposed.at_act(turn, supposed.on_alert(turn, rule, name, alert))
        there = supposed.at_act(turn, supposed.without_alert(turn, rule))
        if there is None or isinstance(rule, ScaleRule):
            return there
        return supposed.aimed(turn, there, self.target) if self.target else there

    def _to_be_sent(self, ladder: Ladder) -> Ladder | None:
        """The running ladder at the act that it wants to take, or at that which it has passed over if it took none."""
        if ladder.phase in ("held", "approval"):
            return supposed.at_act(self.turn, ladder)
        passed = ladder.step > 0 and not ladder.acted_on and ladder.undo is None
        return supposed.at_act(self.turn, copied(ladder, step=0)) if passed else None

    @cached_property
    def _verdicts(self) -> tuple[str, tuple[Verdict, ...]]:
        if self._supposed is None:
            return "", ()
        if not self._supposed.alert and not self.target and supposed.is_aimless(self.turn, self._supposed):
            return "", without_target(self.turn, self._supposed)
        return verdicts(self.turn, self._supposed)

    # --- what of it is why ---

    def _whys(self) -> Iterator[Why]:
        """What matters most first."""
        _, found = self._verdicts
        if self.target and not self.known and not self._main:
            yield Why(reason=Reason.UNKNOWN_TARGET, detail=self.target)
        if self._main:
            if self._main.phase not in ("held", "approval"):
                yield from self._final()
            yield standing(self._main, found).why
            return
        match self.acting.rule:
            case HealRule() as rule:
                yield from self._why_not_begun(rule)
            case ScaleRule() as rule:
                yield from self._why_not_scaled(rule)
            case Playbook():
                yield self._why_not_run()
        if objection := first(found):
            yield objection

    def _final(self) -> Iterator[Why]:
        """What refused the step for good."""
        final = (each for each in self._verdicts[1] if each.guardrail in _FINAL)
        yield from (each.objections[0] for each in final if each.objections)

    def _why_not_begun(self, rule: HealRule) -> Iterator[Why]:
        fired = next((each for each in self._concerned if each.state == "firing"), None)
        if fired:
            yield from self._final()
            if rule.mode == "shadow":
                yield Why(reason=Reason.SHADOW, source=rule.source)
            yield Why(reason=Reason.LADDER_OVER, detail=f"{rule.alert} fires, {fired.alert}", source=rule.source)
        elif self._concerned:
            yield from (each.why for each in self._concerned if each.why)
        elif others := [each.target or "nothing that could be changed" for each in self._alerts if each.alert]:
            names = ", ".join(dict.fromkeys(others[:MOST]))
            yield Why(reason=Reason.NOT_ITS_TARGET, detail=f"{rule.alert} is active for {names}", source=rule.source)
        else:
            yield from (each.why for each in self._alerts if each.why)
        if rule.mode == "shadow":
            yield Why(reason=Reason.SHADOW, source=rule.source)

    def _why_not_scaled(self, rule: ScaleRule) -> Iterator[Why]:
        memory = self.turn.state.scales.get(rule.id) or Memory()
        if self.target and not related(self.turn.state, rule.target, self.target):
            yield Why(reason=Reason.NOT_ITS_TARGET, detail=f"it scales {rule.target}", source=rule.source)
        elif not memory.reason:
            yield Why(reason=Reason.NOT_EVALUATED, source=rule.source)
        else:
            if rule.mode == "shadow" and memory.desired != memory.wanted:
                yield Why(reason=Reason.SHADOW, source=rule.source)
            yield Why(reason=Reason(memory.reason), detail=memory.detail, source=rule.source)

    def _why_not_run(self) -> Why:
        runs = [
            each for each in self.turn.state.runs.values() if f"{each.playbook}@{each.version}" == self.acting.origin
        ]
        last = f"the last run, {runs[-1].id}, ended {runs[-1].reason}" if runs else ""
        return Why(reason=Reason.NOT_ASKED_FOR, detail=last, source=self.acting.rule.source)

    def _concerns(self, ladder: Ladder) -> bool:
        of_command = (ladder.command.target,) if ladder.command else ()
        return not self.target or any(map(self._is_target, (ladder.target, *ladder.acted_on, *of_command)))

    def _is_target(self, target: str) -> bool:
        return bool(target) and related(self.turn.state, target, self.target)


def _each_once(whys: Iterator[Why]) -> Iterator[Why]:
    told: set[Reason] = set()
    for each in whys:
        if each.reason not in told or each.reason in (Reason.ALERT_INACTIVE, Reason.ALERT_PENDING):
            told.add(each.reason)
            yield each
