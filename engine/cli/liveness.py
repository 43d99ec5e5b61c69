"""Which roles of this node live, told by what each leaves on the bus: no role is asked, so none need answer."""

from dataclasses import dataclass

import msgspec

from engine.cli import show
from engine.cli.config import Config
from engine.runtime import claims, kv
from engine.runtime.bus import Bus
from engine.runtime.lease import Lease
from engine.runtime.lookup import last
from engine.runtime.publishing import now_ms
from schemas import subjects

ENGINE_LEASE = ("leases", "engine.0")
SILENT_INTERVALS = 3
"""An agent that has sent nothing for so many of its intervals is taken for dead."""


@dataclass(frozen=True)
class Liveness:
    """Whether a role lives, and in words how that is known."""

    role: str
    alive: bool
    detail: str


async def roles(bus: Bus, config: Config) -> list[Liveness]:
    """The engine, and this node's agent and actuator service."""
    return [
        await _agent(bus, config),
        await _by_lease(bus, "engine", *ENGINE_LEASE),
        await _by_lease(bus, "actuator", claims.BUCKET, f"service.{config.node}"),
    ]


async def _agent(bus: Bus, config: Config) -> Liveness:
    """By what it says of itself: its collectors may be silent for long, as those of events are."""
    newest = await last(bus, subjects.JOURNAL, subjects.metrics(config.node, subjects.own_source("agent")))
    if newest is None:
        return Liveness("agent", alive=False, detail=f"has sent no metrics of {config.node}")
    silent_ms = max(now_ms() - newest.time_ms, 0)
    limit_ms = SILENT_INTERVALS * config.metrics_interval
    return Liveness("agent", silent_ms <= limit_ms, f"sent metrics {show.age(silent_ms)} ago")


async def _by_lease(bus: Bus, role: str, bucket: str, key: str) -> Liveness:
    found = await kv.get(bus, bucket, key)
    if found is None:
        return Liveness(role, alive=False, detail="has never held its lease")
    lease = msgspec.json.decode(found.value, type=Lease)
    lapsed_ms = now_ms() - lease.expires_ms
    if lapsed_ms > 0:
        return Liveness(role, alive=False, detail=f"{lease.holder} let its lease lapse {show.age(lapsed_ms)} ago")
    return Liveness(role, alive=True, detail=f"{lease.holder} holds its lease, epoch {lease.epoch}")
