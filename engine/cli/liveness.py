"""Which roles live, told by what each leaves on the bus: no role is asked, so none need answer."""

from dataclasses import dataclass

import msgspec

from engine.cli import show
from engine.cli.config import Config
from engine.cli.connect import runs_here
from engine.runtime import claims, kv
from engine.runtime.bus import Bus
from engine.runtime.credentials import Role
from engine.runtime.lease import Lease
from engine.runtime.lookup import last
from engine.runtime.publishing import now_ms
from engine.runtime.received import Received
from schemas import subjects

ENGINE_LEASE = ("leases", "engine.0")
SILENT_INTERVALS = 3
"""An agent that has sent nothing for so many of its intervals is taken for dead."""
FORGOTTEN_MS = 24 * 3_600_000
"""What has been silent for so long was taken away."""


@dataclass(frozen=True)
class Liveness:
    """Whether a role lives, and in words how that is known."""

    role: str
    alive: bool
    detail: str


async def roles(bus: Bus, config: Config) -> list[Liveness]:
    """The engine, and the agents and actuator services of this node and of the others that were there today. That this
    node has none is told where it has the login of one, or where there is none elsewhere.
    """
    return [
        *[_agent(config, node, newest) for node, newest in (await _nodes(bus, config, "agent")).items()],
        await _by_lease(bus, "engine", *ENGINE_LEASE),
        *[
            await _by_lease(bus, "actuator", claims.BUCKET, f"service.{node}")
            for node in await _nodes(bus, config, "actuator")
        ],
    ]


async def _nodes(bus: Bus, config: Config, role: Role) -> dict[str, Received | None]:
    """The nodes that the role is looked for on, this one first, each with the newest that it said of itself."""
    wanted = f"ops.metrics.*.{subjects.own_source(role)}"
    info = await bus.api(f"STREAM.INFO.{subjects.JOURNAL}", {"subjects_filter": wanted})
    known = sorted(info["state"].get("subjects") or ())
    newest = {subjects.node_of(subject): await last(bus, subjects.JOURNAL, subject) for subject in known}
    lately = {node: said for node, said in newest.items() if said and now_ms() - said.time_ms < FORGOTTEN_MS}
    if config.node in lately or not lately or runs_here(config, role):
        return {config.node: newest.get(config.node), **lately}
    return {**lately}


def _agent(config: Config, node: str, newest: Received | None) -> Liveness:
    """By what it says of itself: its collectors may be silent for long, as those of events are."""
    if newest is None:
        return Liveness("agent", alive=False, detail=f"{node} has sent no metrics")
    silent_ms = max(now_ms() - newest.time_ms, 0)
    limit_ms = SILENT_INTERVALS * config.metrics_interval
    return Liveness("agent", silent_ms <= limit_ms, f"{node} sent metrics {show.age(silent_ms)} ago")


async def _by_lease(bus: Bus, role: str, bucket: str, key: str) -> Liveness:
    found = await kv.get(bus, bucket, key)
    if found is None:
        return Liveness(role, alive=False, detail=f"{key.removeprefix('service.')} has never held its lease")
    lease = msgspec.json.decode(found.value, type=Lease)
    lapsed_ms = now_ms() - lease.expires_ms
    if lapsed_ms > 0:
        return Liveness(role, alive=False, detail=f"{lease.holder} let its lease lapse {show.age(lapsed_ms)} ago")
    return Liveness(role, alive=True, detail=f"{lease.holder} holds its lease, epoch {lease.epoch}")
