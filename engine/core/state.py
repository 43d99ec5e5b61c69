"""What is kept between messages. Only `step` and what it calls change it.

Everything here goes into a snapshot, but for the fields at the end, which are derived from the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from engine.core.clocks import Clock
from engine.core.compiled import Compiled, Watch
from engine.core.layout import Layout
from engine.core.policy import BlastRadius, among
from engine.core.program import EMPTY, Program, Settings
from engine.core.remediation import Ladder
from engine.core.runs import Run
from engine.core.scaling.memory import Memory
from engine.core.services import Health, Hosted, service_of
from engine.core.tallies import Done, Tallies
from engine.core.targets import Member, Owned
from engine.core.timers import Timers
from engine.promql import Store
from engine.sigma.correlate import Correlator
from engine.sigma.correlate_model import Limits
from schemas.control import Emergency, Halt, halt_scopes
from schemas.inventory import Inventory
from schemas.labels import Labels
from schemas.samples import Metadata


class Alert(msgspec.Struct, kw_only=True, gc=False):
    """An active alert of one rule, as of its last evaluation; `annotations` as of its last transition.

    `element` are the labels of the element that it is about, `$labels` in templates; of one about events, those of its
    group. `cleared_ms` is when the expression stopped holding, under `keep_firing_for`, or an event fitted last.
    `mended` is whether a ladder has verified that it helped. `node` is the node whose events it is about (`reach`),
    None of one that is about samples.
    """

    id: str
    labels: Labels
    element: Labels
    annotations: dict[str, str]
    value: float
    onset: int
    active_at_ms: int
    fired_at_ms: int | None = None
    cleared_ms: int | None = None
    mended: bool = False
    node: str | None = None

    @property
    def firing(self) -> bool:
        return self.fired_at_ms is not None


class Count(msgspec.Struct, array_like=True):
    """What one series of a counter of events has come to, and when it last changed."""

    value: float = 0.0
    counted_ms: int = 0


@dataclass
class State:
    """The whole memory of one shard. Times are Unix milliseconds of the journal."""

    seq: int = 0
    now_ms: int = 0
    last_tick_ms: int | None = None
    tick_interval_ms: int = 1000
    unsettled_ms: int | None = None
    """When it was last noticed that nobody had been deciding."""
    events_seen: int = 0
    program: Program = EMPTY
    store: Store = field(default_factory=Store)
    layouts: dict[str, Layout] = field(default_factory=dict)
    metadata: dict[str, Metadata] = field(default_factory=dict)
    """What is known of the metrics of the series that are kept, by metric name."""
    clocks: dict[str, Clock] = field(default_factory=dict)
    """How the clock of each node goes, by node."""
    samples_refused: int = 0
    """Samples that were wanted and for which there was no room."""
    samples_refused_ms: int = 0
    """When that happened last."""
    alerts: dict[str, dict[Labels, Alert]] = field(default_factory=dict)
    """Active alerts by rule id, then by their labels."""
    evaluated_ms: dict[str, int] = field(default_factory=dict)
    """When each rule was evaluated last, by its id."""
    failing: dict[str, str] = field(default_factory=dict)
    """Rules whose last evaluation failed, with the error."""
    written: dict[str, tuple[Labels, ...]] = field(default_factory=dict)
    """The series that each rule wrote last, by its id: recorded ones, or ALERTS and ALERTS_FOR_STATE."""
    ladders: dict[str, Ladder] = field(default_factory=dict)
    """Running ladders by key, in the order in which they began."""
    cooldowns: dict[str, int] = field(default_factory=dict)
    """Until when no new ladder of `rule|target` acts."""
    inventory: dict[str, Inventory] = field(default_factory=dict)
    """Newest inventory of each `actuator/scope`."""
    inventory_ms: dict[str, int] = field(default_factory=dict)
    """When each of them came."""
    scales: dict[str, Memory] = field(default_factory=dict)
    """What is kept of each scaling rule, by its id."""
    halts: dict[str, Halt] = field(default_factory=dict)
    """By scope: `*`, a target id, a lock, `rule:` or `service:` and a name."""
    emergency: Emergency | None = None
    """That one is declared."""
    done: list[Done] = field(default_factory=list)
    """The acts of the last week, in their order: `acting.forget` says how many."""
    unseen: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)
    """By actuator and scope: what has acted since its inventory came, on how many healthy replicas of which service."""
    told: dict[str, int] = field(default_factory=dict)
    """Until when people are not told again of what a guardrail held."""
    runs: dict[str, Run] = field(default_factory=dict)
    """Of playbooks, by id, in the order in which they began."""
    climbed: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of ladders that are over, by key: the step that helped, and until when a refire goes on at the next one."""
    counts: dict[str, dict[Labels, Count]] = field(default_factory=dict)
    """Events counted, by `node:` and the node that sent them, or by the id of a log metric; then by labels."""
    counts_changed: dict[str, None] = field(default_factory=dict)
    """Which of them did since they were written to the columns, in the order in which they did."""
    recent: dict[str, str] = field(default_factory=dict)
    """The last events that fitted a rule, in short, by their places in the journal."""
    correlator: Correlator = field(default_factory=lambda: Correlator({}, Limits()))
    timers: Timers = field(default_factory=Timers)

    compiled: Compiled = field(default_factory=Compiled)
    watches: dict[str, Watch] = field(default_factory=dict)
    awaited: dict[str, str] = field(default_factory=dict)
    """Key of the ladder that waits for the outcome of each command."""
    at_work: dict[str, str] = field(default_factory=dict)
    """Id of the running ladder that has acted on `rule|target`."""
    targets: Mapping[str, tuple[Owned, ...]] = field(default_factory=dict)
    services: Mapping[str, Health] = field(default_factory=dict)
    hosted: Hosted = field(default_factory=dict)
    tallies: Tallies = field(default_factory=lambda: Tallies(EMPTY.policy))
    busy: dict[str, int] = field(default_factory=dict)
    """How many acts are under way, for each limit of the policy and what it counts per."""
    disrupted: dict[str, int] = field(default_factory=dict)
    """How many healthy replicas of a service those may interrupt, or have interrupted for all that is known."""
    members: Mapping[tuple[str, str, str], tuple[Member, ...]] = field(default_factory=dict)
    """The replicas of each workload, by actuator, scope and owner or lock, as of the targets `members_of`."""
    members_of: Mapping[str, tuple[Owned, ...]] | None = None

    @property
    def settings(self) -> Settings:
        return self.program.settings

    @property
    def settle_until_ms(self) -> int:
        """Until when acts wait: one fresh interval after the last gap."""
        return 0 if self.unsettled_ms is None else self.unsettled_ms + self.settings.evaluation_interval_ms

    def knows_layout(self, digest: str) -> bool:
        """Whether it would learn nothing from the names of the layout's series: all that are wanted have a place."""
        layout = self.layouts.get(digest)
        return layout is not None and layout.as_of == self.store.generation and not layout.refused

    def alert_of(self, ladder: Ladder) -> Alert | None:
        """The alert that the ladder is about, while it is active."""
        return self.alerts.get(ladder.alert_rule, {}).get(ladder.alert_labels)

    def halt_on(self, ladder: Ladder) -> Halt | None:
        """The halt that stops the ladder: of everything, of its rule or any that it acts for, of its target, what that
        belongs to, or what it takes away with it."""
        if not self.halts:
            return None
        owned = self.targets.get(ladder.target, ())
        named = [(each.target.lock, service_of(each.target)) for each in owned] or [("", "")]
        if (verb := self.program.verb(ladder.current)) and verb.disrupts == "hosted":
            named += [("", service) for each in owned for service in self.hosted.get((each.owner, ladder.target), ())]
        rules = ladder.origin.name, ladder.outermost.origin.name, *ladder.acts_for
        scopes = (scope for lock, service in named for scope in halt_scopes(ladder.target, lock, rules, service))
        return next((self.halts[scope] for scope in scopes if scope in self.halts), None)

    def healthy_within(self, radius: BlastRadius) -> int:
        """How many replicas are healthy in all services that the budget is for."""
        named = radius.acts.services
        return sum(health.healthy for name, health in self.services.items() if among(named, name))
