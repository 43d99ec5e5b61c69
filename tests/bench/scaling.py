"""What 1,000 scaling rules cost to decide once, against evaluating their expressions as alerts that never fire.

The core in this process, told a story of samples and inventories; everything counts that its steps do within one
evaluation interval, in which every rule is decided once.
"""

import time
from collections.abc import Sequence

from engine.core.messages import Activation, Body, Message
from engine.core.program import AlertRule, Program
from engine.core.scaling.rule import Metric, ScaleRule
from engine.core.state import State
from engine.core.step import step
from engine.core.verbs import Verb
from schemas.control import Activate, Tick
from schemas.inventory import Inventory, Target
from schemas.labels import METRIC_NAME, canonical
from schemas.reasons import Reason
from schemas.samples import SampleBatch, layout_digest, pack_values
from tests.bench.figures import Figure

RULES = 1_000
REPLICAS = 4
INTERVAL_MS = 15_000
BEGIN_MS = 1_700_000_000_000
REPEAT = 3
MAX_RATIO = 3.0

SCALE = Verb(name="scale", actuator="process", targets={"workload": ("workload",)}, required=("replicas",))
SERIES = [canonical({METRIC_NAME: "queue_depth", "workload": f"w{n}"}) for n in range(RULES)]


async def run() -> list[Figure]:
    """The figures; nothing in here waits."""
    alerts, scales = Story(_alerts()), Story(_scales())
    costs = [(alerts.interval_ms(), scales.interval_ms()) for _ in range(REPEAT)]  # in turn, as others are at work too
    assert {memory.reason for memory in scales.state.scales.values()} == {Reason.WITHIN_TOLERANCE}
    assert len(scales.state.scales) == RULES
    alerts_ms, scales_ms = (min(column) for column in zip(*costs, strict=True))
    return [
        Figure(name=f"an interval, {RULES:,} expressions as alerts", measured=alerts_ms, unit="ms"),
        Figure(name=f"an interval, {RULES:,} scaling rules decided", measured=scales_ms, unit="ms"),
        Figure(
            name="scaling rules against alerts of the same expressions",
            measured=scales_ms / alerts_ms,
            unit="times",
            limit=MAX_RATIO,
        ),
    ]


def _expr(n: int) -> str:
    return f'sum(queue_depth{{workload="w{n}"}})'


def _alerts() -> Program:
    rules = (
        AlertRule(id=f"a{n}", group=f"g{n}", name=f"A{n}", expr=f"{_expr(n)} > 1e9", source="", interval_ms=INTERVAL_MS)
        for n in range(RULES)
    )
    return Program(digest="alerts", alerts=tuple(rules))


def _scales() -> Program:
    rules = (
        ScaleRule(
            id=f"s{n}",
            group=f"g{n}",
            name=f"S{n}",
            source="",
            target=f"workload:w{n}",
            args={"workload": f"w{n}"},
            min=1,
            max=9,
            metrics=(Metric(expr=_expr(n), target=100, average=True),),
            interval_ms=INTERVAL_MS,
            mode="auto",
            place=n,
        )
        for n in range(RULES)
    )
    return Program(digest="scales", scales=tuple(rules), verbs={"scale": (SCALE,)})


class Story:
    """A core with these rules, in which each workload has as much to do as it should."""

    def __init__(self, program: Program) -> None:
        self.state = State()
        self._now_ms = BEGIN_MS
        self._seq = 0
        self._tell([Activation(Activate(id="a", by="bench", bundle=program.digest), program), _inventory()])
        for _ in range(3):
            self.interval_ms()

    def interval_ms(self) -> float:
        """The time that the steps of one evaluation interval take, a scrape and the ticks, in milliseconds."""
        batch = SampleBatch(
            time_ms=self._now_ms, layout=layout_digest(SERIES), values=pack_values([400.0] * RULES), series=SERIES
        )
        bodies: list[Body] = [batch, *[Tick(shard="0", interval_ms=1_000)] * (INTERVAL_MS // 1_000)]
        self._tell([_inventory()])
        began = time.perf_counter()
        self._tell(bodies)
        return (time.perf_counter() - began) * 1_000

    def _tell(self, bodies: Sequence[Body]) -> None:
        for body in bodies:
            self._seq += 1
            self._now_ms += 1_000 if isinstance(body, Tick) else 0
            step(self.state, Message(self._seq, self._now_ms, body, "n1"))


def _inventory() -> Inventory:
    workloads = (Target(id=f"workload:w{n}", lock=f"w{n}", attributes={"replicas": REPLICAS}) for n in range(RULES))
    return Inventory(actuator="process", scope="n1", targets=tuple(workloads))
