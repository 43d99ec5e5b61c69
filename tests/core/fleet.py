"""Services of several replicas under a policy, and a storm over all of them."""

from engine.core.policy import (
    BlastRadius,
    Limit,
    Policy,
)
from engine.core.program import HealRule, Program
from engine.rulefile.zones import zone
from schemas.inventory import Inventory, Target
from schemas.labels import Labels
from tests.core.story import Story, commands, series
from tests.core.world import SETTINGS, alert, heal, page, program, restart

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
SERVICES = 4
REPLICAS = 4


def bounded(policy: Policy, *rules: HealRule, environment: str = "") -> Program:
    """The usual ladder, or these, under a policy."""
    settings = SETTINGS if not environment else type(SETTINGS)(environment=environment)
    return program(
        alert(), *(rules or (heal(restart(), page()),)), policy=policy, settings=settings, zones={"UTC": zone("UTC")}
    )


def limit(per: str, **bounds: object) -> Policy:
    return Policy(limits=(Limit(id=f"l {per}", source="policy.yaml:1", per=per, **bounds),))  # type: ignore[arg-type]


def radius(**bounds: object) -> Policy:
    budget = BlastRadius(id="b", source="policy.yaml:1", within_ms=10 * MINUTE_MS, **bounds)  # type: ignore[arg-type]
    return Policy(blast_radius=(budget,), notify=("oncall",))


def name(service: int, number: int) -> Labels:
    return series("up", workload=f"s{service}", replica=str(number))


def fleet(dead: frozenset[tuple[int, int]] = frozenset(), services: int = SERVICES) -> Inventory:
    """Services of so many replicas, of which these are dead."""
    return Inventory(
        actuator="process", scope="n2", targets=tuple(t for s in range(services) for t in _service(s, dead))
    )


def _service(service: int, dead: frozenset[tuple[int, int]]) -> list[Target]:
    workload = f"workload:s{service}"
    alive = [(service, number) not in dead for number in range(REPLICAS)]
    replicas = [
        Target(
            id=f"replica:s{service}/{number}",
            lock=workload,
            attributes={"generation": 1},
            owner=workload,
            replicas=1,
            healthy=int(alive[number]),
        )
        for number in range(REPLICAS)
    ]
    whole = Target(id=workload, lock=workload, attributes={}, replicas=REPLICAS, healthy=sum(alive))
    return [whole, *replicas]


def storm(story: Story, services: int = SERVICES) -> list[str]:
    """Every replica of every service looks dead at once; what is acted on."""
    effects = story.scrape({name(s, n): 0.0 for s in range(services) for n in range(REPLICAS)})
    return [command.target for command in commands(effects) if command.verb == "restart"]


def told(story: Story) -> list[str]:
    """What people were paged about by the policy."""
    return [command.summary for command in story.sent if command.origin.kind == "policy"]
