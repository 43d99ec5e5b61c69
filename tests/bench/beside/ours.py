"""Our side: server, agent and engine of one site, and what they know."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from engine.runtime.asking import NobodyAnswersError, ask
from engine.runtime.bus import Bus
from schemas.labels import Labels, canonical
from tests.bench.site import Site

ROLES = ("engine", "agent")


def start(site: Site, config: Path) -> dict[str, psutil.Process]:
    """Start the roles; all our processes by name."""
    roles = {role: site.start_role(role, config) for role in ROLES}
    return {**roles, "nats-server": psutil.Process(site.server.pid)}


async def firing(bus: Bus) -> set[Labels]:
    """The labels of all alerts that fire."""
    alerts: list[Mapping[str, Any]] = await ask(bus, "engine", "alerts")
    return {canonical(alert["labels"]) for alert in alerts if alert["state"] == "firing"}


async def series(bus: Bus) -> int:
    """How many the engine keeps; -1 while it does not answer."""
    try:
        known: int = (await ask(bus, "engine", "status"))["series"]
    except NobodyAnswersError:
        return -1
    return known
