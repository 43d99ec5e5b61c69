"""The rules as the core runs them: immutable, checked, and free of where they came from but for a `source` to name.

`engine.rulefile` builds a `Program` from YAML. Everything in here can be written to a snapshot, so that a ladder ends
with the rule that it began with even when the file has changed since.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from engine.core.cron import Zone
from engine.core.policy import Approval, Policy
from engine.core.scaling.rule import ScaleRule
from engine.core.verbs import Verb, chosen
from engine.sigma.model import Correlation, Detection

Mode = Literal["shadow", "approve", "auto"]
Temper = Literal["heal", "respond", "scale", "playbook"]


class AlertRule(msgspec.Struct, frozen=True, kw_only=True):
    """A Prometheus alerting rule. `id` is the digest of what triggers it, so an edit of an annotation keeps `for`.

    `place` is its place among all rules of the program: rules that are due at once are evaluated in that order.
    """

    id: str
    group: str
    name: str
    expr: str
    source: str
    place: int = 0
    for_ms: int = 0
    keep_firing_for_ms: int = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    interval_ms: int | None = None
    query_offset_ms: int = 0
    """How long before its time the expression is evaluated, because samples come late."""
    limit: int = 0
    """At most so many alerts of this rule (0 = no limit); more is an error and changes nothing."""


class RecordingRule(msgspec.Struct, frozen=True, kw_only=True):
    """A Prometheus recording rule: appends the value of `expr` as series `name` on its interval grid."""

    id: str
    group: str
    name: str
    expr: str
    source: str
    place: int = 0
    labels: dict[str, str] = {}
    interval_ms: int | None = None
    query_offset_ms: int = 0
    limit: int = 0


class EventRule(msgspec.Struct, frozen=True, kw_only=True):
    """A Sigma rule, from a Sigma file or one of ours: a detection in each event, or a correlation of many.

    `id` is the Sigma rule's own, or a digest. `group_by` are the fields that tell the alerts of a detection apart,
    beside the node. The alert fires with the event that fits, and for `keep_firing_for_ms` after the last that does.
    A rule that does not `raises` only feeds correlations.
    """

    id: str
    group: str
    name: str
    source: str
    does: Detection | Correlation
    place: int = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    group_by: tuple[str, ...] = ()
    keep_firing_for_ms: int = 300_000
    limit: int = 0
    """At most so many alerts of this rule (0 = `max_event_alerts`): one more ends that which was seen least lately."""
    raises: bool = True


class EventCounter(msgspec.Struct, frozen=True, kw_only=True):
    """A log metric: counts, as the counter `name`, the events that fit, or sums the numbers in their field `value`.

    `labels` are templates over the fields of the event.
    """

    id: str
    group: str
    name: str
    source: str
    detection: Detection
    place: int = 0
    labels: dict[str, str] = {}
    value: str = ""


class Verify(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold after a step. `expr` may hold placeholders as whole matcher values. `hold_ms` None means two
    sample intervals of the series that the expression selects."""

    expr: str
    within_ms: int
    hold_ms: int | None = None


StepKind = Literal["act", "gate", "pause", "approval", "parallel", "playbook"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One rung of a ladder: a verb with templated arguments. Without `verify` a heal step is verified by its alert
    resolving within `DEFAULT_WITHIN_MS` and staying so for one evaluation interval; a `page` needs none. `actuator` is
    that which is to carry it out, where the arguments do not tell.

    Of another `kind` than `act`, `verb` is that kind. A `gate` waits until its `verify` holds, a `pause` for
    `pause_ms`, an `approval` for people. `parallel` takes all its `branches` at once and is over with the last of them.
    A `playbook` of that `name` is run with the arguments as its parameters. A step of a playbook is tried again
    `retries` times, has `timeout_ms` (0: as long as it takes), and what `compensate` says is done for it when a later
    one fails.
    """

    verb: str
    args: dict[str, str] = {}
    verify: Verify | None = None
    actuator: str = ""
    kind: StepKind = "act"
    name: str = ""
    pause_ms: int = 0
    approval: Approval | None = None
    branches: tuple[tuple["Step", ...], ...] = ()
    retries: int = 0
    timeout_ms: int = 0
    compensate: "Step | None" = None


def every_step(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps, those of their branches and those that compensate."""
    for step in steps:
        yield step
        for branch in step.branches:
            yield from every_step(branch)
        if step.compensate:
            yield step.compensate


class HealRule(msgspec.Struct, frozen=True, kw_only=True):
    """A ladder of steps on each firing alert named `alert`, one after the other: to `heal` until one has helped, to
    `respond` all of them. To `scale` is one step that no alert calls for."""

    id: str
    group: str
    name: str
    alert: str
    source: str
    steps: tuple[Step, ...]
    kind: Temper = "heal"
    mode: Mode = "shadow"
    cooldown_ms: int = 300_000
    any_node: bool = False
    """What events of one node say may name targets of another."""
    reset_after_ms: int = 0
    """Where the alert fires again so soon after a step had helped, the ladder goes on at the next one."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """What a playbook is run with. `least` and `most` bound a number, or the length of a text; `pattern` is RE2's."""

    name: str
    type: Literal["text", "integer", "number", "boolean", "duration"] = "text"
    default: str | None = None
    """None: it must be given."""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    pattern: str = ""
    summary: str = ""


class Playbook(msgspec.Struct, frozen=True, kw_only=True):
    """Steps that are taken in their order, each once the one before has succeeded. In their templates and expressions
    `$params.x` is the parameter `x`. When one fails, what is to `compensate` those before it is done, last first.
    """

    name: str
    version: int
    source: str
    steps: tuple[Step, ...]
    summary: str = ""
    parameters: tuple[Parameter, ...] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What decisions depend on beside the rules; a part of the program, so that a replay decides with the same."""

    evaluation_interval_ms: int = 15_000
    """Every rule is evaluated at least this often; also how long acts wait as SETTLING."""
    command_ttl_ms: int = 30_000
    """From the decision to the deadline of its command."""
    lease_ms: int = 10_000
    """An actuator's claim on a command lapses when it is not renewed for so long."""
    approval_ttl_ms: int = 15 * 60_000
    """How long a command waits for a person."""
    external_labels: dict[str, str] = {}
    """What templates know as `$externalLabels`."""
    external_url: str = ""
    """What templates know as `externalURL`: where people find this engine."""
    pinned: tuple[str, ...] = ()
    """Selectors of series that are kept for people to ask about although no rule looks at them."""
    retention_ms: int = 15 * 60_000
    """How long pinned and recorded series are kept at least; all others as long as the longest window over them."""
    max_series: int = 1_000_000
    """So many series are kept; more are refused by name."""
    max_samples: int = 200_000_000
    """So many samples are kept, 8 bytes each; what goes beyond is refused by name."""
    max_query_samples: int = 50_000_000
    """So many samples one evaluation may look at; more is an error."""
    max_skew_ms: int = 10 * 60_000
    """Samples from further in the future than this are refused: the clock of their node is wrong."""
    event_lateness_ms: int = 5 * 60_000
    """An event older than this is taken to have happened so long ago, for the windows of correlations."""
    max_event_alerts: int = 1_000
    """So many alerts one rule over events has active; one more ends that which was seen least lately."""
    max_event_groups: int = 10_000
    """So many groups one correlation keeps; one more drops that which was seen least lately."""
    environment: str = ""
    """Where this engine decides, such as `production`; the policy says what may be done there."""
    max_event_series: int = 1_000
    """So many series one counter of events has, and `ops_events_total` for each node; the rest is counted as one."""


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """One active set of rules. `digest` names the bundle of files that it was built from."""

    digest: str
    alerts: tuple[AlertRule, ...] = ()
    records: tuple[RecordingRule, ...] = ()
    events: tuple[EventRule, ...] = ()
    counters: tuple[EventCounter, ...] = ()
    heals: tuple[HealRule, ...] = ()
    responds: tuple[HealRule, ...] = ()
    scales: tuple[ScaleRule, ...] = ()
    playbooks: tuple[Playbook, ...] = ()
    zones: dict[str, Zone] = {}
    """The time zones of the schedules, by name."""
    verbs: dict[str, tuple[Verb, ...]] = {}
    settings: Settings = Settings()
    policy: Policy = Policy()

    def verb(self, step: Step) -> Verb | None:
        """What the step is to do, None where no actuator offers it."""
        return chosen(self.verbs, step.verb, step.args, step.actuator)

    @property
    def alerting(self) -> list[AlertRule | EventRule]:
        """The rules that make alerts: of samples, then of events."""
        return [*self.alerts, *self.events]

    @property
    def ladders(self) -> tuple[HealRule, ...]:
        """The rules that act on alerts."""
        return (*self.heals, *self.responds)


DEFAULT_WITHIN_MS = 5 * 60_000
EMPTY = Program(digest="")
