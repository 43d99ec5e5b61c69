"""What there is of one rule and one target: its ladders, its alerts, and what guardrails say of the act."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from msgspec.structs import replace

from engine.core.explain import supposed
from engine.core.explain.names import Acting, related
from engine.core.explain.nearest import active, inactive, nearest, rules_of
from engine.core.explain.standing import running
from engine.core.explain.told import Nearest, Verdict
from engine.core.explain.verdicts import verdicts, without_target
from engine.core.program import HealRule
from engine.core.remediation import Ladder
from engine.core.scaling.rule import ScaleRule
from engine.core.turn import Turn

LOOKED_AT = 1_000
"""So many alerts are compared with the target, firing ones first."""
YET = frozenset({"held", "approval"})
"""The phases of a ladder that has yet to send the command of its step."""


@dataclass(frozen=True)
class Scene:
    """`target` is empty for any. `known`: the inventory has it. What is looked at once is kept."""

    turn: Turn
    acting: Acting
    target: str
    known: bool

    @cached_property
    def ladders(self) -> list[Ladder]:
        """The rule's running ladders that are about the target: first those that have yet to act, last those that undo
        an act or only wait.
        """
        found = [each for each in running(self.turn.state, self.acting.origin) if self._concerns(each)]
        return sorted(found, key=lambda each: (each.undo is not None, each.phase == "waiting", each.phase not in YET))

    @cached_property
    def main(self) -> Ladder | None:
        """The one that the answer is about."""
        return next((each for each in self.ladders if each.undo is None), None)

    @cached_property
    def alerts(self) -> list[Nearest]:
        """The alerts that the rule acts on, those about the target first, and why those that are not active are not."""
        rule, state = self.acting.rule, self.turn.state
        if not isinstance(rule, HealRule):
            return []
        rules = rules_of(state, rule.alert)
        found = []
        for made_by, alert in active(state, rules)[:LOOKED_AT]:
            ladder = supposed.on_alert(self.turn, rule, made_by.id, alert)
            there = self._at(supposed.acts(self.turn, ladder))
            found.append(nearest(made_by, alert, ladder=ladder.id, target=there.target if there else ""))
        found.sort(key=lambda each: self._distance(each.target))
        return [*found, *inactive(state, rules)]

    @property
    def called(self) -> list[Nearest]:
        """The alerts that called for the ladders."""
        rule, state = self.acting.rule, self.turn.state
        if not isinstance(rule, HealRule):
            return []
        by_alert = {each.alert: each for each in reversed(self.ladders) if each.undo is None}
        return [
            nearest(made_by, alert, ladder=ladder.id, target=ladder.target)
            for made_by, alert in active(state, rules_of(state, rule.alert))
            if (ladder := by_alert.get(alert.id))
        ]

    @cached_property
    def concerned(self) -> list[Nearest]:
        """The active ones about the target."""
        return [each for each in self.alerts if each.alert and (not self.target or self._is_target(each.target))]

    @cached_property
    def verdicts(self) -> tuple[str, tuple[Verdict, ...]]:
        """What the act would be, in words, and what everything that is asked about it says."""
        ladder = self._supposed
        if ladder is None:
            return "", ()
        if not ladder.alert and not self.target and supposed.is_aimless(self.turn, ladder):
            return "", without_target(self.turn, ladder)
        return verdicts(self.turn, ladder)

    @property
    def _supposed(self) -> Ladder | None:
        """The ladder that guardrails are asked about, at an act: the one that runs, if it has yet to send that; or else
        the one that the rule would climb.
        """
        if self.main:
            return self._to_be_sent(self.main)
        rule, turn = self.acting.rule, self.turn
        if isinstance(rule, HealRule) and self.concerned:
            rules, id_ = rules_of(turn.state, rule.alert), self.concerned[0].alert
            made_by, alert = next(each for each in active(turn.state, rules) if each[1].id == id_)
            return self._at(supposed.acts(turn, supposed.on_alert(turn, rule, made_by.id, alert)))
        there = next(supposed.acts(turn, supposed.without_alert(turn, rule)), None)
        if there is None or isinstance(rule, ScaleRule):
            return there
        return supposed.aimed(turn, there, self.target) if self.target else there

    def _to_be_sent(self, ladder: Ladder) -> Ladder | None:
        """The running ladder at the act that it wants to take, or at that which it has passed over if it took none."""
        if ladder.phase in YET:
            return next(supposed.acts(self.turn, ladder), None)
        passed = ladder.step > 0 and not ladder.acted_on and ladder.undo is None
        return self._at(supposed.acts(self.turn, replace(ladder, step=0))) if passed else None

    def _at(self, acts: Iterable[Ladder]) -> Ladder | None:
        """The act on the target, or else the first. What heals goes on to the next only where that does not help."""
        found = list(acts if self._takes_all else islice(acts, 1))
        return min(found, key=lambda each: self._distance(each.target), default=None)

    def _concerns(self, ladder: Ladder) -> bool:
        of_command = (ladder.command.target,) if ladder.command else ()
        is_now = not self.target or any(map(self._is_target, (ladder.target, *ladder.acted_on, *of_command)))
        to_come = supposed.acts(self.turn, ladder) if self._takes_all else ()
        return is_now or any(self._is_target(each.target) for each in to_come)

    @property
    def _takes_all(self) -> bool:
        """Whether every step of the rule comes to its turn."""
        return isinstance(self.acting.rule, HealRule) and self.acting.rule.kind == "respond"

    def _distance(self, target: str) -> int:
        """The target itself, what is a part of it or it of that, anything else."""
        return 0 if target == self.target else 1 if self._is_target(target) else 2

    def _is_target(self, target: str) -> bool:
        return bool(target and self.target) and related(self.turn.state, target, self.target)
