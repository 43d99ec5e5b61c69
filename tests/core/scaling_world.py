"""A shop whose replicas follow its queue: the rule, and a story in which the actuator answers and publishes."""

from typing import Any

import msgspec

from engine.core.effects import Effect
from engine.core.program import Program
from engine.core.scaling.rule import DOWN, UP, Direction, Metric, ScaleRule
from schemas.commands import Command
from schemas.inventory import Inventory
from schemas.samples import STALE, SampleBatch, layout_digest, pack_values
from tests.core.story import Story, series
from tests.core.world import SECOND_MS, program, shop, target

QUEUE = series("queue_depth", workload="shop")
BY_QUEUE = Metric(expr="sum(queue_depth)", target=100, average=True)
PUBLISHED_EVERY_S = 30


def scale(*metrics: Metric, name: str = "Shop", least: int = 1, most: int = 10, **more: Any) -> ScaleRule:
    """A rule on the shop, by its queue unless metrics are named."""
    return ScaleRule(
        **{
            "id": name,
            "group": "g",
            "name": name,
            "source": "rules.yaml:1",
            "target": "workload:shop",
            "args": {"workload": "shop"},
            "min": least,
            "max": most,
            "metrics": metrics or (BY_QUEUE,),
            "mode": "auto",
            **more,
        }
    )


def steady(direction: Direction, seconds: int, **more: Any) -> Direction:
    """The direction with a stabilization window of so many seconds."""
    return msgspec.structs.replace(direction, stabilization_ms=seconds * SECOND_MS, **more)


QUICK_DOWN = steady(DOWN, 60)
SLOW_UP = steady(UP, 60)


def scaling(*rules: ScaleRule, **more: Any) -> Program:
    """A program of these rules."""
    return program(scales=rules, **more)


class Shop(Story):
    """The queue is scraped every second, the inventory published every half minute. With `obeys`, commands are answered
    at once and the inventory follows."""

    def __init__(self, *rules: ScaleRule, replicas: int = 2, obeys: bool = True, **more: Any) -> None:
        self.replicas = replicas
        self.dead: tuple[int, ...] = ()
        self.obeys = obeys
        self.counted = False
        """Whether the actuator counts the replicas of the workload and those that are healthy."""
        super().__init__(scaling(*rules, **more))
        self.publish()

    def inventory(self) -> Inventory:
        """What the actuator owns now."""
        workload, *_ = shop(replicas=self.replicas).targets
        if self.counted:
            healthy = self.replicas - len(self.dead)
            workload = msgspec.structs.replace(workload, replicas=self.replicas, healthy=healthy)
        members = (
            target(f"replica:shop/{n}", state="dead" if n in self.dead else "running") for n in range(self.replicas)
        )
        return Inventory(actuator="process", scope="n1", targets=(workload, *members))

    def publish(self) -> list[Effect]:
        return self.tell(self.inventory())

    def unmeasured(self) -> SampleBatch:
        """The source of the queue says that it has ended."""
        return SampleBatch(
            time_ms=self.now_ms, layout=layout_digest([QUEUE]), values=pack_values([STALE]), series=[QUEUE]
        )

    def second(self, queue: float | None, **series_too: float) -> list[Effect]:
        """A tick, and unless `queue` is None a scrape."""
        effects = self.tick()
        if self.now_ms // SECOND_MS % PUBLISHED_EVERY_S == 0:
            effects += self.publish()
        if queue is not None:
            effects += self.scrape({QUEUE: queue})
        for command in [each for each in effects if isinstance(each, Command)]:
            if self.obeys:
                effects += self.obey(command)
        return effects

    def run(self, seconds: int, queue: float | None) -> list[Effect]:
        """So many seconds with this queue."""
        return [effect for _ in range(seconds) for effect in self.second(queue)]

    def obey(self, command: Command) -> list[Effect]:
        """The actuator does as it is told."""
        self.replicas = command.args["replicas"]
        return [*self.answer(command), *self.publish()]


def asked_for(effects: list[Effect]) -> list[int]:
    """The numbers of replicas that were commanded, in order."""
    return [effect.args["replicas"] for effect in effects if isinstance(effect, Command)]
