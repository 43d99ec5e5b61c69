"""A scaling rule from end to end: samples on the bus, real processes that come and go."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from actuators.process import SPEC
from actuators.process.actuator import ProcessConfig
from engine.cli.history import Happening, read_audit
from engine.cli.why import causal_chain
from engine.runtime.actuator_host import ActuatorConfig, ActuatorHost
from engine.runtime.bus import Bus
from engine.runtime.publishing import now_ms
from engine.runtime.trust import allow_list
from schemas import subjects
from schemas.codec import encode
from schemas.labels import canonical
from schemas.reasons import Reason
from schemas.samples import SampleBatch, layout_digest, pack_values
from tests.actuators.site import Site
from tests.conftest import ServerUnderTest
from tests.runtime.roles import ONCE_S, PATIENCE_S, POLL_S, TRUSTED, engine, status, until

WINDOW_S = 2
RULES = """\
groups:
  - name: jobs
    rules:
      - scale: Workers
        workload: w
        min: 1
        max: 4
        metrics: [{expr: sum(queue_depth), average_target: 10}]
        behavior: {scale_down: {stabilization: 2s}}
        mode: auto
"""
QUEUE = [canonical({"__name__": "queue_depth"})]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The node of the workload `w`, which begins with one replica."""
    place = Site(tmp_path)
    place.declare(replicas=1)
    yield place
    place.clear()


class Jobs:
    """A queue that is so long, and is measured every 100 ms until it is closed."""

    def __init__(self) -> None:
        self.waiting = 10.0
        self.shrunk_ms = 0

    async def measure(self, bus: Bus) -> None:
        while True:
            batch = SampleBatch(
                time_ms=now_ms(), layout=layout_digest(QUEUE), values=pack_values([self.waiting]), series=QUEUE
            )
            await bus.publish(subjects.metrics("n1", "jobs"), encode(batch))
            await asyncio.sleep(0.1)


@asynccontextmanager
async def plant(server: ServerUnderTest, bus: Bus, site: Site) -> AsyncIterator[Jobs]:
    """An engine, an actuator with real processes, and somebody who measures the queue."""
    (site.directory / "rules").mkdir()
    (site.directory / "rules" / "jobs.yaml").write_text(RULES)
    jobs, beside = Jobs(), await server.connect()
    process = ProcessConfig(workloads=site.file, poll_s=0.02)
    host = ActuatorConfig(
        scope="n1",
        state_dir=site.state_dir,
        plugins={"process": process},
        trust=lambda: allow_list([TRUSTED]),
        metrics_every_s=ONCE_S,
    )
    async with engine(server, site.directory):
        tasks = [
            asyncio.create_task(ActuatorHost(beside, host, {"process": SPEC}).run()),
            asyncio.create_task(jobs.measure(bus)),
        ]
        try:
            yield jobs
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await beside.close()


async def audited(bus: Bus, wanted: Reason, count: int) -> list[Happening]:
    """Wait until the audit has so many entries with that reason."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = [each for each in await read_audit(bus) if each.entry.reason is wanted]
            if len(found) >= count:
                return found
            await asyncio.sleep(POLL_S)


async def decided(bus: Bus, replicas: int) -> dict[str, Any]:
    """Wait until the engine's status says that the workload has so many replicas; what it says of the rule."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            (scale,) = (await status(bus))["scales"]
            if scale["replicas"] == replicas:
                return dict(scale)
            await asyncio.sleep(POLL_S)


async def test_a_queue_that_grows_and_shrinks_moves_its_workers(
    mortal_server: ServerUnderTest, mortal_bus: Bus, site: Site
) -> None:
    """More jobs, more processes, at once; fewer, after the window; each command once, with its reasons on record."""
    async with plant(mortal_server, mortal_bus, site) as jobs:
        await until(lambda: len(site.processes()) == 1, "the first worker")
        jobs.waiting = 35.0
        await until(lambda: len(site.processes()) == 4, "four workers")
        await audited(mortal_bus, Reason.SCALED, 1)
        jobs.waiting, shrunk_ms = 5.0, now_ms()
        *_, down = await audited(mortal_bus, Reason.SCALED, 2)
        await until(lambda: len(site.processes()) == 1, "one worker")
        told = await decided(mortal_bus, 1)
    assert down.time_ms - shrunk_ms >= WINDOW_S * 1000 - 100
    commanded = [each.entry for each in await read_audit(mortal_bus) if each.entry.kind == "command"]
    assert [entry.detail for entry in commanded] == [
        "scale workload:w replicas=4 if generation = 1",
        "scale workload:w replicas=1 if generation = 2",
    ]
    chain = causal_chain(await read_audit(mortal_bus), commanded[0].ladder)
    assert [each.entry.reason for each in chain] == [Reason.OFF_TARGET, None, Reason.SCALED]
    assert sorted(site.starts().values()) == [1, 3]
    assert (told["target"], told["min"], told["max"], told["reason"]) == ("workload:w", 1, 4, Reason.WITHIN_TOLERANCE)
