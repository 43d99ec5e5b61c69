"""A storm: with one message every replica of 250 services looks dead, and each is decided on, with and without a policy
that has every guardrail. The core in this process; timed is the whole step, less what it takes where no rule acts. And
of each decision that part in which a step is validated: its arguments, its target, what that must be like.
"""

import gc
import time

from msgspec.structs import replace

from engine.core.policy import BlastRadius, Environment, Flapping, Limit, Policy, Window
from engine.core.program import Program
from engine.core.resolve import Resolved, resolve
from engine.core.turn import Turn
from tests.bench.figures import Figure
from tests.core.fleet import HOUR_MS, REPLICAS, bounded, fleet, name
from tests.core.story import Story
from tests.core.world import alert, program

SERVICES = 250
TARGETS = SERVICES * REPLICAS
REPEATED = 5
MAX_MS = 50.0
MAX_RATIO = 2.0
MAX_VALIDATED_US = 10.0

NAMES = [name(service, number) for service in range(SERVICES) for number in range(REPLICAS)]
QUARTER = BlastRadius(id="blast", source="policy.yaml:5", share=0.25, within_ms=HOUR_MS)
ALL = Policy(
    environments=(Environment(name="production", verbs=("restart", "page")),),
    protected=("workload:x*",),
    limits=(
        Limit(id="all", source="policy.yaml:1", per="all", rate=5_000, within_ms=HOUR_MS, concurrency=5_000),
        Limit(id="service", source="policy.yaml:2", per="service", rate=10, within_ms=HOUR_MS),
        Limit(id="rule", source="policy.yaml:3", per="rule", rate=5_000, within_ms=HOUR_MS),
        Limit(id="target", source="policy.yaml:4", per="target", rate=3, within_ms=HOUR_MS, cooldown_ms=1_000),
    ),
    blast_radius=(QUARTER,),
    windows=(Window(name="nights", source="policy.yaml:6", effect="hold", cron="0 3 * * SUN", duration_ms=HOUR_MS),),
    samples_ms=60_000,
    inventory_ms=600_000,
    flapping=Flapping(heals=5, within_ms=HOUR_MS),
    notify=("oncall",),
)
ALL_LET_GO = replace(ALL, blast_radius=(replace(QUARTER, share=1.0, keep_healthy=0),))


async def run() -> list[Figure]:
    """The figures; nothing in here waits."""
    programs = program(alert()), bounded(Policy()), _under(ALL), _under(ALL_LET_GO)
    costs = [[_storm_ms(each) for each in programs] for _ in range(REPEATED)]
    told_ms, *acted_ms = (min(column) for column in zip(*costs, strict=True))
    free_ms, held_ms, asked_ms = (each_ms - told_ms for each_ms in acted_ms)
    return [
        Figure(name=f"{TARGETS:,} alerts fire, and no rule acts", measured=told_ms, unit="ms"),
        Figure(name=f"{TARGETS:,} targets decided, no policy", measured=free_ms, unit="ms"),
        Figure(name="the same, three quarters held by the blast radius", measured=held_ms, unit="ms", limit=MAX_MS),
        Figure(name="the same, all guardrails asked and none objects", measured=asked_ms, unit="ms"),
        Figure(name="with all guardrails against without", measured=asked_ms / free_ms, unit="times", limit=MAX_RATIO),
        Figure(
            name="a step validated and made absolute",
            measured=min(_validated_us() for _ in range(REPEATED)),
            unit="us",
            limit=MAX_VALIDATED_US,
        ),
    ]


def _under(policy: Policy) -> Program:
    return bounded(policy, environment="production")


def _storm_ms(rules: Program) -> float:
    story = _before(rules)
    began_s = time.perf_counter()
    story.scrape(dict.fromkeys(NAMES, 0.0))
    return (time.perf_counter() - began_s) * 1000


def _validated_us() -> float:
    story = _before(_under(ALL_LET_GO))
    story.scrape(dict.fromkeys(NAMES, 0.0))
    ladders = list(story.state.ladders.values())
    turn = Turn(story.state, story.state.now_ms, story.state.seq)
    began_s = time.perf_counter()
    steps = [resolve(turn, ladder) for ladder in ladders]
    took_s = time.perf_counter() - began_s
    if sum(isinstance(step, Resolved) for step in steps) != TARGETS:
        raise AssertionError("not every step was valid")
    return took_s / TARGETS * 1e6


def _before(rules: Program) -> Story:
    """All is well, and nothing is left to be collected of an earlier one."""
    story = Story(rules)
    story.tell(fleet(services=SERVICES))
    story.scrape(dict.fromkeys(NAMES, 1.0))
    story.tick()
    gc.collect()
    return story
