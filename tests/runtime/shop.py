"""A shop with one rule, what is told of it, and what may be done about it."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.cli.history import read_audit
from engine.runtime.bus import Bus
from engine.runtime.publishing import now_ms
from schemas import subjects
from schemas.codec import encode
from schemas.inventory import Inventory, Target
from schemas.labels import canonical
from schemas.reasons import Reason
from schemas.samples import SampleBatch, layout_digest, pack_values
from tests.runtime.roles import PATIENCE_S, POLL_S, status

DOWN = """\
groups:
  - name: shop
    rules:
      - alert: Down
        expr: up == 0
        labels: {severity: page}
      - heal: Restart
        alert: Down
        mode: auto
        cooldown: 0s
        steps:
          - restart: {workload: "{{ $labels.workload }}"}
            verify: {expr: 'up{workload="{{ $labels.workload }}"} == 1', within: 10s, hold: 1s}
          - page: {receiver: oncall}
"""
UP = [canonical({"__name__": "up", "workload": "shop"})]
ONCALL = Inventory(actuator="page", scope="n1", targets=(Target(id="receiver:oncall", lock="oncall", attributes={}),))
SHOP = Inventory(
    actuator="process", scope="n1", targets=(Target(id="workload:shop", lock="shop", attributes={"generation": 7}),)
)


def write_rules(folder: Path, text: str) -> Path:
    (folder / "rules").mkdir(exist_ok=True)
    file = folder / "rules" / "shop.yaml"
    file.write_text(text)
    return file


async def sample(bus: Bus, value: float, age_s: int = 0) -> int:
    """One scrape of `up`; its journal sequence."""
    time_ms = now_ms() - age_s * 1000
    batch = SampleBatch(time_ms=time_ms, layout=layout_digest(UP), values=pack_values([value]), series=UP)
    return (await bus.publish(subjects.metrics("n1", "host"), encode(batch))).seq


async def own(bus: Bus, inventory: Inventory) -> None:
    await bus.publish(subjects.inventory(inventory.scope), encode(inventory))


async def rules_until(bus: Bus, alerts: int, refused: Callable[[Sequence[str]], bool]) -> list[str]:
    """Wait until so many alert rules run and the refusals are as wanted; the refusals."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            rules = (await status(bus))["rules"]
            if rules["alert"] == alerts and refused(rules["refused"]):
                return list(rules["refused"])
            await asyncio.sleep(POLL_S)


async def diverged(bus: Bus) -> bool:
    return any(found.entry.reason is Reason.REPLAY_DIVERGED for found in await read_audit(bus))
