"""The policy as the core runs it: which acts are bounded, by what. `engine.rulefile` builds it from `policy.yaml`.

It is a part of the program, so that a replay is bounded by the policy that held then.
"""

import re
from functools import lru_cache
from typing import Literal

import msgspec
from msgspec.structs import replace

Per = Literal["all", "service", "workload", "target", "rule"]
Lapse = Literal["deny", "escalate", "proceed"]


class Taken(msgspec.Struct, frozen=True, array_like=True):
    """Healthy replicas of one service."""

    service: str
    healthy: int


class Act(msgspec.Struct, frozen=True, array_like=True):
    """What a command would do, in the words of a policy.

    `rule` is the name of the rule or playbook on whose behalf it is, empty for a person's request. `workload` is the
    lock of the target. It disrupts `weight` replicas of `service`, of which `healthy` are well as far as is known; or
    those that it `takes` of several services, which is not known where it is not `counted`. It
    is the `first` of its ladder on the target, or goes on with that; it `heals` where it is a step of a `heal` rule.

    Acts of the same `touch` are on the same replicas on behalf of the same; those of the same `doing` are one, decided
    anew because it had no effect. `scope` is the inventory that will show what it did.
    """

    rule: str
    verb: str
    target: str
    workload: str
    service: str
    weight: int = 0
    healthy: int = 0
    first: bool = True
    heals: bool = False
    scope: str = ""
    touch: str = ""
    doing: str = ""
    takes: tuple[Taken, ...] = ()
    counted: bool = True

    def by_service(self) -> tuple["Act", ...]:
        """What it does to each service whose replicas it disrupts."""
        if not self.takes:
            return (self,) if self.weight else ()
        return tuple(
            replace(
                self,
                service=each.service,
                weight=each.healthy,
                healthy=each.healthy,
                touch=f"{self.touch}|{each.service}",
                takes=(),
            )
            for each in self.takes
        )

    def of(self, per: Per) -> str:
        """What it counts for where is counted `per` that."""
        match per:
            case "all":
                return ""
            case "service":
                return self.service
            case "workload":
                return self.workload
            case "target":
                return self.target
            case "rule":
                return self.rule


class Acts(msgspec.Struct, frozen=True, kw_only=True):
    """Which acts something is about: those that fit every list, in which `*` stands for any text. An empty list is no
    restriction. A target is named by its id or by its workload's.
    """

    rules: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()

    def has(self, act: Act) -> bool:
        """Whether it is about this act."""
        return not (  # most lists are empty, and this is asked for every limit of every act
            (self.rules and not among(self.rules, act.rule))
            or (self.services and not _among_any(self.services, act))
            or (self.verbs and not among(self.verbs, act.verb))
            or (self.targets and not (among(self.targets, act.target) or among(self.targets, act.workload)))
        )


EVERY = Acts()


class _Counting(msgspec.Struct, frozen=True, kw_only=True):
    """What counts the acts that it is about, `per` what they count for."""

    id: str
    source: str
    per: Per
    acts: Acts = EVERY

    def key(self, act: Act) -> str | None:
        """What of it this act is counted with; None for an act that it is not about."""
        return f"{self.id}|{act.of(self.per)}" if self.acts.has(act) else None


class Limit(_Counting, frozen=True, kw_only=True):
    """How much may be done, counted `per` rule, target, …: `rate` acts within `within_ms`, `concurrency` at once, and
    none of another ladder for `cooldown_ms` after one has ended. 0 is no limit.
    """

    cooldown_ms: int = 0
    rate: int = 0
    within_ms: int = 0
    concurrency: int = 0


class BlastRadius(_Counting, frozen=True, kw_only=True):
    """How many replicas of a service, or of all those that it is about together, all rules and actuators may touch
    within `within_ms`: a `count`, or a share of the healthy ones (0 to 1; rounded down, but never below one). So many
    healthy replicas as `keep_healthy` says are left alone.
    """

    per: Literal["all", "service"] = "service"
    count: int | None = None
    share: float | None = None
    within_ms: int = 0
    keep_healthy: int = 1

    def budget(self, healthy: int) -> int | None:
        """How many replicas may be touched while so many are healthy; None for any number."""
        if self.count is not None:
            return self.count
        return None if self.share is None else max(int(self.share * healthy), 1)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which acts are held, or outside of which they are not permitted: for `duration_ms` from each time of
    `cron` in `zone` on, or once from `from_ms` until `until_ms`.
    """

    name: str
    source: str
    effect: Literal["hold", "permit"]
    acts: Acts = EVERY
    cron: str = ""
    zone: str = "UTC"
    duration_ms: int = 0
    from_ms: int = 0
    until_ms: int = 0


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """Acts that people must let go although their rule is in mode auto: `count` of those in `by`, or of anybody, within
    `deadline_ms`; what happens when that has passed is `lapse`.
    """

    source: str
    acts: Acts = EVERY
    by: tuple[str, ...] = ()
    count: int = 1
    deadline_ms: int = 0
    lapse: Lapse = "deny"


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """The verbs that may be used in environments of this name."""

    name: str
    verbs: tuple[str, ...]


class Flapping(msgspec.Struct, frozen=True, kw_only=True):
    """A target that ladders began to heal so often within `within_ms` goes to a human instead. 0 is never."""

    heals: int = 0
    within_ms: int = 0


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What bounds all acts. `samples_ms` and `inventory_ms` are how old what a decision rests on may be (0: any age),
    `emergency` the rules that go on acting in an emergency, `notify` the receivers who are told of what is held for
    good reason: a spent blast radius, a flapping target. `sources` are where its sections stand, such as
    `policy.yaml:9`, by their names.
    """

    environments: tuple[Environment, ...] = ()
    protected: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    blast_radius: tuple[BlastRadius, ...] = ()
    windows: tuple[Window, ...] = ()
    approvals: tuple[Approval, ...] = ()
    samples_ms: int = 0
    inventory_ms: int = 0
    flapping: Flapping = Flapping()
    emergency: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    sources: dict[str, str] = {}

    def source(self, section: str) -> str:
        """Where the section stands, empty where there is none."""
        return self.sources.get(section, "")

    def longest_ms(self) -> int:
        """How far back acts are counted."""
        spans = [limit.within_ms for limit in self.limits] + [radius.within_ms for radius in self.blast_radius]
        return max([*spans, self.flapping.within_ms])


def among(patterns: tuple[str, ...], name: str) -> bool:
    """Whether one of the patterns fits, or there is none."""
    return not patterns or _any_of(patterns).fullmatch(name) is not None


def _among_any(patterns: tuple[str, ...], act: Act) -> bool:
    return among(patterns, act.service) or any(among(patterns, each.service) for each in act.takes)


@lru_cache(maxsize=10_000)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    each = (".*".join(re.escape(part) for part in pattern.split("*")) for pattern in patterns)
    return re.compile("|".join(each), re.DOTALL)
