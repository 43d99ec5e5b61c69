"""What is remembered of a remediation while it runs. `ladder` says how it goes on; `state` keeps it."""

import hashlib
from typing import Literal

import msgspec

from engine.core.policy import Act, Approval
from engine.core.program import HealRule, Step, Temper
from schemas.commands import Command, Origin
from schemas.labels import Labels
from schemas.outcomes import Undo
from schemas.reasons import Reason

Phase = Literal["held", "approval", "commanded", "verifying", "scheduled", "waiting", "ended"]


class Outermost(msgspec.Struct, frozen=True, gc=False):
    """Of a ladder, or of that within which it runs, however deep: what began it all, and whose decision that was."""

    id: str
    origin: Origin
    temper: Temper
    alert_rule: str


class Ladder(msgspec.Struct, kw_only=True, gc=False):
    """A running remediation: the rule it began with, the alert it is about, and how far it has come.

    `held`: it wants to take `step`, because of `because`, and waits for `held_by` to pass. `approval`: it waits for
    people. `commanded`: it waits for the outcome of `command`. `verifying`: the effect happened at
    `acted_ms` (journal time of the outcome), and the step's `verify` holds since `holding_ms`. `scheduled`: it waits
    for `due_ms`, to `undo` what another ladder did. `acted_on` are the targets that it sent commands to change, and
    `failures` how many of its steps did not succeed. `annotations` are those that its alert fired with, and `node` is
    whose word that was (`reach`). `held_on` is what must be over for `held_by` to pass, `act` what is under way, and
    `cools` what is to rest once it is over, and for how long. `asked` is the approval that it waits for until
    `lapses_ms`, and `approved_by` who has given it.

    `waiting`: it waits for its `children`, each with how it ended; it is their `parent`, `depth` playbooks deep, and
    they are `within` what it is within. Of a playbook's run: its step is to be over by `until_ms` and was tried again
    `tries` times; `undoing` would compensate for what was done, which it does after it has `failed_for` a reason; it
    was asked for `by`, `aborted_by` somebody. `acts_for` are the origins of those that it runs within or beside, or
    whose act it undoes.
    """

    id: str
    rule: HealRule
    origin: Origin
    onset: int
    because: Reason
    alert_rule: str = ""
    alert_labels: Labels = ()
    alert: str = ""
    value: float = 0.0
    annotations: dict[str, str] = {}
    node: str | None = None
    target: str = ""
    phase: Phase = "held"
    step: int = 0
    attempt: int = 0
    held_by: Reason | None = None
    held_on: str = ""
    asked: Approval | None = None
    lapses_ms: int = 0
    approved_by: tuple[str, ...] = ()
    act: Act | None = None
    cools: dict[str, int] = {}
    command: Command | None = None
    acted_on: tuple[str, ...] = ()
    acted_ms: int = 0
    holding_ms: int | None = None
    failures: int = 0
    undo: Undo | None = None
    due_ms: int = 0
    parent: str = ""
    within: Outermost | None = None
    children: dict[str, Reason | None] = {}
    depth: int = 0
    until_ms: int | None = None
    tries: int = 0
    undoing: tuple[Step, ...] = ()
    failed_for: Reason | None = None
    by: str = ""
    aborted_by: str = ""
    acts_for: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """One ladder at a time for a rule and an alert, or for a request; every act is undone for itself."""
        return f"{self.origin.name}|{self.id if self.undo else self.alert or self.id}"

    @property
    def outermost(self) -> Outermost:
        """What counts as one, and is decided by one, although it is several ladders."""
        return self.within or Outermost(self.id, self.origin, self.rule.kind, self.alert_rule)

    def beside(self, name: str, suffix: str, because: Reason, rule: HealRule) -> "Ladder":
        """A ladder of that rule about the same alert, named after this one; it runs while this one waits, or later."""
        return Ladder(
            id=f"{self.id}-{suffix}",
            rule=rule,
            origin=Origin(kind=self.origin.kind, name=f"{self.origin.name}/{name}"),
            onset=self.onset,
            because=because,
            alert_rule=self.alert_rule,
            alert_labels=self.alert_labels,
            alert=self.alert,
            value=self.value,
            annotations=self.annotations,
            node=self.node,
            acts_for=self.lends,
        )

    @property
    def lends(self) -> tuple[str, ...]:
        """What a ladder that this one begins acts for: all that this one does, and it too. Each once."""
        return tuple(dict.fromkeys((*self.acts_for, self.origin.name)))

    @property
    def current(self) -> Step:
        return self.rule.steps[self.step]


def ladder_id(origin: str, about: str, onset: int) -> str:
    """The digest that names a ladder for ever: 16 hex digits."""
    return hashlib.blake2b(f"{origin}\0{about}\0{onset}".encode(), digest_size=8).hexdigest()


def cooldown_key(ladder: Ladder, target: str) -> str:
    """What a cooldown is of: a rule on a target."""
    return f"{ladder.outermost.origin.name}|{target}"
