"""What a plugin declares: one value, from which come parsing, checks, the registry and the reference page.

A collector is a function from its configuration to an async iterator of readings. An actuator is an object with three
methods. Both are found by entry point (`reflexarc.collectors`, `reflexarc.actuators`) and know nothing of the bus:
the hosts in `engine.runtime` publish, claim, renew, retry and record for them.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from schemas.commands import Command
from schemas.events import Event
from schemas.inventory import Disruption, Target
from schemas.labels import Labels
from schemas.outcomes import Evidence, Undo
from schemas.samples import Metadata
from schemas.secrets import Secrets


class PluginConfig(BaseModel):
    """Base of every plugin's configuration: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- collectors ---


class Receipt(Protocol):
    """Completed by the host when the reading is stored on the bus; an `asyncio.Future` is one.

    Readings with a receipt are sent in their order, and none is dropped: how many may wait is for the collector to
    bound. One whose receipt is done before its turn, such as by cancelling, is no longer wanted and is not sent. What
    can never be stored is completed by `NotStored`.
    """

    def done(self) -> bool: ...

    def set_result(self, result: None, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...


class NotStored(Exception):
    """The bus does not take it, now or later: it is larger than a message may be."""


@dataclass(frozen=True, slots=True)
class Samples:
    """One scrape: `values[i]` belongs to `series[i]`, all taken at `time_ms` (Unix milliseconds).

    A series that was in the source's scrape before and is not in this one has ended; the host marks it stale. With `at`
    the reading is partial: `values[i]` belongs to `series[at[i]]`, each position at most once, and the series without a
    sample have not ended. The host knows the layout of a partial reading by the object `series`, so it should stay the
    same one for as long as nothing in it changes.
    """

    time_ms: int
    series: Sequence[Labels]
    values: Sequence[float]
    source: str | None = None
    """Subject token; None = the collector's own name."""
    at: Sequence[int] | None = None
    metadata: Mapping[str, Metadata] | None = None
    """What is known of the metrics, by metric name; the host sends it along when it names the series."""
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event, to be published on `ops.events.<node>.<source>` after those of the source before it."""

    source: str
    event: Event
    receipt: Receipt | None = None


Reading = Samples | Occurrence


@dataclass(frozen=True, slots=True)
class CollectorContext:
    """What a collector may use of its host: who and when it is, a place for small state, and its own last event."""

    node: str
    state_dir: Path
    interval_s: float
    """Default interval between readings, seconds."""
    now_ms: Callable[[], int]
    last_event: Callable[[str], Awaitable[Event | None]]
    """The newest event in the journal of one of this node's sources."""


@dataclass(frozen=True)
class CollectorSpec:
    """Declaration of one collector. `collect(config, context)` yields readings until cancelled."""

    name: str
    summary: str
    config: type[PluginConfig]
    collect: Callable[[Any, CollectorContext], AsyncGenerator[Reading, None]]
    example: str = ""


# --- actuators ---


@dataclass(frozen=True, slots=True)
class VerbSpec:
    """Declaration of one verb.

    `targets` maps a target kind to the arguments whose values, joined by "/", name it; the first kind all of whose
    arguments are given is the target. `condition` are the target's attributes that a command is conditional on.
    `absolute` fills an argument that the step leaves out from an attribute of the target, so that "the previous
    version" is a named version by the time it is a command.
    """

    name: str
    summary: str
    targets: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    integers: tuple[str, ...] = ()
    """Arguments that are whole numbers; all others are text."""
    condition: tuple[str, ...] = ()
    absolute: Mapping[str, str] = field(default_factory=dict)
    timeout_ms: int = 30_000
    """How long the effect may take once begun."""
    changes_target: bool = True
    """False for what only tells or looks (`page`, `collect`): such a verb is not held back by a halt or by settling."""
    looks: bool = False
    """Of such a verb: that it looks, and so tells nobody."""
    lists: tuple[str, ...] = ()
    """Arguments that are lists of names; as text, with commas between them."""
    from_alert: tuple[str, ...] = ()
    """Arguments that are filled from the annotations of their name that the alert fired with."""
    by_default: Mapping[str, str] = field(default_factory=dict)
    """Arguments, as templates, of a rule's step that names no target."""
    undo: str = ""
    """The verb by which its effect is undone. What has one takes `revert_after`."""
    undo_args: Mapping[str, str] = field(default_factory=dict)
    """With which arguments: each as the attribute of the target was before the effect."""
    open: bool = False
    """It takes further arguments than those named here, which the actuator's configuration declares and it checks."""
    permissions: tuple[str, ...] = ()
    """What the actuator service must be permitted to do for it, on the machine or at an API."""
    unmarked: str = ""
    """Where nobody can tell afterwards whether the effect happened (`observe` says `unmarked`); "" for nowhere."""
    disrupts: Disruption = "all"
    """How many replicas of its target's service it interrupts, for what bounds that."""

    def arguments(self) -> frozenset[str]:
        """Every argument that a step may give."""
        named = {argument for arguments in self.targets.values() for argument in arguments}
        return frozenset(named | set(self.required) | set(self.optional) | set(self.absolute))


@dataclass(frozen=True, slots=True)
class Effect:
    """What an execution did: the target's attributes before and after."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    detail: str = ""
    undo: Undo | None = None
    """What would undo it."""
    evidence: Evidence | None = None
    """What of it was put into the context's `evidence`."""


class ConditionFailed(Exception):
    """The command's condition does not hold at the target; nothing was done. `actual` are the attributes found."""

    def __init__(self, actual: Mapping[str, Any], detail: str = "") -> None:
        super().__init__(detail or f"found {dict(actual)}")
        self.actual = actual


class EffectFailed(Exception):
    """The effect was tried and the target did not come to the wanted state; trying again would not help."""


class EffectUnknown(Exception):
    """It cannot be known whether the effect happened, and it must not be tried again."""


Observation = Effect | Literal["absent", "begun", "unmarked"]
"""What `observe` finds: the effect with what it did, that it never happened, that it was begun and `execute` brings it
to its end, or that the target keeps no mark."""

Gate = Callable[[], Awaitable[None]]
"""Awaited immediately before every irreversible effect; raises when acts are halted or the lease is lost."""


class Actuator(Protocol):
    """What carries out commands. One host calls it; commands of one lock come one at a time."""

    async def inventory(self) -> Sequence[Target]:
        """All targets, as they are now."""
        ...

    async def observe(self, command: Command) -> Observation:
        """Whether the effect of this very command has happened (an earlier executor died and did not say)."""
        ...

    async def execute(self, command: Command, gate: Gate) -> Effect:
        """Check the condition, have the effect, wait for it. A second call, after a crash in the first, completes what
        is missing and repeats nothing. Raises `ConditionFailed` or `EffectFailed`."""
        ...

    def changes(self) -> AsyncIterator[None]:
        """Yields whenever the inventory may have changed."""
        ...

    async def close(self) -> None:
        """Let go; targets go on without us unless the configuration says otherwise."""
        ...


class EvidenceStore(Protocol):
    """Where an actuator puts what is too large for an outcome. The host keeps it for good."""

    async def put(self, name: str, content: bytes) -> Evidence:
        """Keep the content under the name, in place of what was there; returns when it is stored."""
        ...

    async def find(self, name: str) -> Evidence | None:
        """What is kept under the name."""
        ...


@dataclass(frozen=True, slots=True)
class ActuatorContext:
    """What an actuator may use of its host. `environment` is for what it starts: the host's, without the variables that
    secrets of any plugin are read from."""

    scope: str
    state_dir: Path
    now_ms: Callable[[], int]
    evidence: EvidenceStore
    secrets: Secrets = field(default_factory=Secrets)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ActuatorSpec:
    """Declaration of one actuator. `build` returns it ready to act."""

    name: str
    summary: str
    config: type[PluginConfig]
    verbs: tuple[VerbSpec, ...]
    build: Callable[[Any, ActuatorContext], Awaitable[Actuator]]
    example: str = ""
