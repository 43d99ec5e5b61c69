"""What is kept of each scaling rule between decisions. A part of the state, and of every snapshot.

Of all recommendations only those are kept that can still be the highest, or the lowest, of some window: as values, they
fall and rise, so there are never more of them than there are numbers of replicas.
"""

import msgspec

from engine.core.scaling.behavior import Change, Recommended
from engine.core.scaling.rule import ScaleRule


class Memory(msgspec.Struct, kw_only=True):
    """`evaluated_ms` is when it was decided last, and what: `desired` replicas of the `wanted` that there were, for
    `reason`. `told` is what was last put on record, at `told_ms`. `ladder` is the key of the ladder that was begun
    last, `asked` whether that waits for a person, and `ended` why the last one was over. `acted_on`: how many replicas
    were asked for by a command that was answered at `acted_ms`, until an inventory shows what came of it.
    `quiet_until_ms`: a person said no. `unknown_ms` is since when no metric has had a value.
    """

    evaluated_ms: int = 0
    wanted: int = 0
    desired: int = 0
    reason: str = ""
    detail: str = ""
    told: str = ""
    told_ms: int | None = None
    ladder: str = ""
    asked: bool = False
    ended: str = ""
    acted_on: int | None = None
    acted_ms: int = 0
    quiet_until_ms: int = 0
    unknown_ms: int | None = None
    highest: list[Recommended] = []
    lowest: list[Recommended] = []
    changes: list[Change] = []

    def recommended(self, replicas: int, rule: ScaleRule, now_ms: int) -> None:
        """Take note of a recommendation, and forget those that no window reaches back to."""
        new = Recommended(now_ms, replicas)
        down_ms, up_ms = now_ms - rule.down.stabilization_ms, now_ms - rule.up.stabilization_ms
        self.highest = [each for each in self.highest if each.at_ms > down_ms and each.replicas > replicas] + [new]
        self.lowest = [each for each in self.lowest if each.at_ms > up_ms and each.replicas < replicas] + [new]

    def knows_nothing(self, rule: ScaleRule, period_ms: int, now_ms: int) -> bool:
        """Whether nothing has been recommended for longer than the windows reach. It is decided every `period_ms`."""
        longest_ms = max(rule.down.stabilization_ms, rule.up.stabilization_ms, 2 * period_ms)
        return not self.highest or now_ms - self.highest[-1].at_ms > longest_ms

    def changed(self, by: int, rule: ScaleRule, now_ms: int) -> None:
        """Take note that the workload was scaled, and forget what no policy reaches back to."""
        longest_ms = max((each.period_ms for each in (*rule.up.policies, *rule.down.policies)), default=0)
        recent = (each for each in self.changes if each.at_ms > now_ms - longest_ms)
        self.changes = [*recent, Change(now_ms, by)] if by else list(recent)

    def set_back(self, by_ms: int) -> None:
        """The clock of the journal was set back."""
        self.evaluated_ms -= by_ms
        self.acted_ms -= by_ms
        self.quiet_until_ms -= by_ms
        self.told_ms = None if self.told_ms is None else self.told_ms - by_ms
        self.unknown_ms = None if self.unknown_ms is None else self.unknown_ms - by_ms
        self.highest = [each._replace(at_ms=each.at_ms - by_ms) for each in self.highest]
        self.lowest = [each._replace(at_ms=each.at_ms - by_ms) for each in self.lowest]
        self.changes = [each._replace(at_ms=each.at_ms - by_ms) for each in self.changes]
