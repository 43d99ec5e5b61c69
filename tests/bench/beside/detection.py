"""How soon a broken value is told: scraped by both sides at the same interval, and pushed.

Each of fifty targets breaks at a random moment, and mends when both sides have told of it. Ours tells on the stream
ALERTS; Prometheus tells its Alertmanager, which is this process.
"""

import asyncio
import random
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import psutil

from engine.runtime.bus import Bus
from engine.runtime.journal import read
from schemas import subjects
from schemas.alerts import AlertTransition
from schemas.codec import decode_alert
from tests.bench.beside import configs, ours, prometheus, pushes
from tests.bench.beside.probes import Found, Probe
from tests.bench.beside.prometheus import open_prometheus
from tests.bench.beside.usage import port_of
from tests.bench.beside.ward import METRIC, OURS, THEIRS, serving, ward
from tests.bench.figures import Figure, percentile
from tests.bench.site import NODE, Site, open_site

INTERVAL_S = 2.0
TARGETS = 50
EPISODES = 10
"""Of each target."""
READY_TIMEOUT_S = 60.0

MAX_PUSHED_MS = 50.0
MAX_ON_TOP_MS = 50.0

_GROUPS: list[dict[str, Any]] = [
    {"name": "scraped", "rules": [{"alert": "ProbeDown", "expr": f"{METRIC} == 0"}]},
    {"name": "pushed", "rules": [{"alert": "PushedDown", "expr": f"{pushes.METRIC} == 0"}]},
]


async def run() -> list[Figure]:
    """The figures of one run."""
    binary = prometheus.find()
    if binary is None:
        sys.stderr.write(f"{prometheus.ABSENT}\n")
    sides = (OURS, THEIRS) if binary else (OURS,)
    probes = [Probe(sides) for _ in range(TARGETS)]
    pushed = {way: Probe((OURS,)) for way in (pushes.AGENT, pushes.REMOTE_WRITE)}
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(ward(probes)))
        site, agent = await stack.enter_async_context(_started(binary, port))
        await stack.enter_async_context(_listening(site.bus, probes, pushed))
        await _ready(site.bus)
        pauses = random.Random(0)
        await asyncio.gather(*(_break_often(probe, pauses) for probe in probes))
        await pushes.break_often(pushes.by_agent(site.bus), pushed[pushes.AGENT])
        async with pushes.by_remote_write(await port_of(agent)) as push:
            await pushes.break_often(push, pushed[pushes.REMOTE_WRITE])
    return [*_scraped(sides, [found for probe in probes for found in probe.found]), *_pushed(pushed)]


@asynccontextmanager
async def _started(binary: str | None, port: int) -> AsyncIterator[tuple[Site, psutil.Process]]:
    """Both sides at work on the probes; our site, and the agent in it."""
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(open_site())
        configs.write_scrapes(site.folder, port, TARGETS, INTERVAL_S)
        configs.write_rules(site.folder, _GROUPS)
        if binary:
            config = configs.write_prometheus(site.folder, INTERVAL_S, alertmanager=f"127.0.0.1:{port}")
            await stack.enter_async_context(open_prometheus(binary, config))
        yield site, ours.start(site, configs.write_ours(site.folder, NODE, remote_write=True))["agent"]


@asynccontextmanager
async def _listening(bus: Bus, probes: Sequence[Probe], pushed: Mapping[str, Probe]) -> AsyncIterator[None]:
    """Our alerts are told to the probes while the body lasts."""
    listener = asyncio.create_task(_listen(bus, probes, pushed))
    try:
        yield
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


async def _listen(bus: Bus, probes: Sequence[Probe], pushed: Mapping[str, Probe]) -> None:
    async for alert in _alerts(bus):
        named = pushed.get(alert.labels["instance"])
        probe = named or probes[configs.target(alert.labels)]
        probe.tell(OURS, fires=alert.state == "firing")


async def _alerts(bus: Bus) -> AsyncGenerator[AlertTransition]:
    async for batch in read(bus, subjects.ALERTS):
        for received in batch:
            yield decode_alert(received.data)


async def _ready(bus: Bus) -> None:
    """Wait until every target has been scraped; starting up is not what is timed."""
    async with asyncio.timeout(READY_TIMEOUT_S):
        while await ours.series(bus) < TARGETS:
            await asyncio.sleep(INTERVAL_S)
    await asyncio.sleep(2 * INTERVAL_S)


async def _break_often(probe: Probe, pauses: random.Random) -> None:
    for _ in range(EPISODES):
        await asyncio.sleep(pauses.uniform(0, INTERVAL_S))
        for broken in (True, False):
            probe.turn(broken=broken)
            await probe.told()


def _scraped(sides: Sequence[str], found: Sequence[Found]) -> list[Figure]:
    figures = []
    for side in sides:
        of_side = [each for each in found if each.side == side]
        assert len(of_side) == TARGETS * EPISODES
        figures += _times(f"scraped, {side}: broken → alert", [each.since_broken_s for each in of_side])
        limit = MAX_ON_TOP_MS if side == OURS else None
        figures += _times(f"scraped, {side}: scraped → alert", [each.since_shown_s for each in of_side], limit)
    return figures


def _pushed(pushed: Mapping[str, Probe]) -> list[Figure]:
    return [
        figure
        for way, probe in pushed.items()
        for figure in _times(
            f"pushed, {way}: broken → alert", [found.since_broken_s for found in probe.found], MAX_PUSHED_MS
        )
    ]


def _times(name: str, times_s: Sequence[float], limit_ms: float | None = None) -> list[Figure]:
    """The median, and the p99 with its limit."""
    return [
        Figure(name=f"{name}, p50", measured=percentile(times_s, 50) * 1000, unit="ms"),
        Figure(name=f"{name}, p99", measured=percentile(times_s, 99) * 1000, unit="ms", limit=limit_ms),
    ]
