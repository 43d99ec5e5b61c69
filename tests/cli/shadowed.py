"""An engine over a real server with rules about a shop of two replicas, of which one looks dead: nothing acts on it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.cli.config import Config, EngineSection, NatsSection
from engine.runtime.bus import Bus
from engine.runtime.publishing import now_ms
from schemas import subjects
from schemas.codec import encode
from schemas.inventory import Inventory, Target
from schemas.labels import canonical
from schemas.samples import SampleBatch, layout_digest, pack_values
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.roles import engine, status

RULES = """\
groups:
  - name: shop
    rules:
      - alert: Down
        expr: up{workload="shop"} == 0
      - heal: Restart
        alert: Down
        mode: auto   # but not at this hour
        steps:
          - restart: {workload: shop, replica: "{{ $labels.replica }}"}
          - page: {receiver: oncall}
      - heal: Watch
        alert: Down
        # Nobody trusts it yet.
        steps:
          - restart: {workload: shop, replica: "{{ $labels.replica }}"}
"""
POLICY = """\
limits:
  - {per: rule, rate: {acts: 20, within: 1h}}
windows:
  - {name: stocktaking, effect: hold, rules: [Restart], from: 2020-01-01T00:00:00Z, until: 2100-01-01T00:00:00Z}
"""
UP = [canonical({"__name__": "up", "workload": "shop", "replica": replica}) for replica in "01"]


def config_of(server: ServerUnderTest, folder: Path) -> Config:
    """That of a person's command line beside the rules."""
    return Config(
        state_dir=folder / "cli",
        nats=NatsSection(credentials=server.credentials_file),
        engine=EngineSection(rules=[folder / "rules"]),
    )


@asynccontextmanager
async def shop(server: ServerUnderTest, bus: Bus, folder: Path) -> AsyncIterator[Config]:
    """While the shop's first replica is dead."""
    rules = folder / "rules"
    rules.mkdir()
    (rules / "shop.yaml").write_text(RULES)
    (rules / "policy.yaml").write_text(POLICY)
    async with engine(server, folder):
        await status(bus, await _published(bus))
        measured = asyncio.create_task(_measure(bus))
        try:
            yield config_of(server, folder)
        finally:
            measured.cancel()
            await asyncio.wait([measured])


async def _published(bus: Bus) -> int:
    replicas = tuple(
        Target(id=f"replica:shop/{n}", lock="shop", attributes={"generation": 7}, replicas=1, healthy=n, service="shop")
        for n in range(2)
    )
    owned = Inventory(actuator="process", scope=NODE, targets=replicas)
    return (await bus.publish(subjects.inventory(NODE), encode(owned))).seq


async def _measure(bus: Bus) -> None:
    while True:
        batch = SampleBatch(time_ms=now_ms(), layout=layout_digest(UP), values=pack_values([0.0, 1.0]), series=UP)
        await bus.publish(subjects.metrics(NODE, "shop"), encode(batch))
        await asyncio.sleep(0.1)


def document(printed: str) -> Any:
    """The JSON among what was printed, as the engine in the same process logs to the same place."""
    return json.JSONDecoder().raw_decode(printed, printed.index("{\n"))[0]
