"""The workload collector: the replicas that the process actuator runs on this node, seen from outside.

The actuator's status file says which processes there should be; whether they live, what they use and whether they
answer is measured here, independently of the actuator, which may itself be down.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from collectors.grid import Grid
from collectors.series import Metric, SeriesCache
from collectors.workload.labels import replica_labels
from collectors.workload.probe import Prober
from collectors.workload.process import Processes
from collectors.workload.status import StatusFile
from schemas.plugins import CollectorContext, CollectorSpec, PluginConfig, Reading
from schemas.workloads import ReplicaStatus


class WorkloadConfig(PluginConfig):
    status: Path
    """The status file that the process actuator writes."""
    interval_s: Annotated[float, Field(gt=0)] | None = None


async def collect(config: WorkloadConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
    """On every moment of the grid one scrape of all processes; between them each probe's result when it is there."""
    status = StatusFile(config.status)
    processes = Processes()
    series = SeriesCache({})
    grid = Grid(config.interval_s or context.interval_s)
    async with Prober(context.now_ms) as prober:
        while True:
            async with contextlib.aclosing(_until_tick(grid, prober)) as results:
                async for samples in results:
                    yield samples
            status.refresh()
            running = [replica for replica in status.replicas if replica.state == "running"]
            yield series.samples(context.now_ms(), list(_metrics(status, processes, context.node)))
            processes.keep(running)
            for end in await prober.start(running):
                yield end


async def _until_tick(grid: Grid, prober: Prober) -> AsyncGenerator[Reading, None]:
    """The results of probes that come in before the next moment of the grid."""
    tick = asyncio.create_task(grid.tick())
    try:
        while not tick.done():
            await asyncio.wait([tick, *prober.tasks], return_when=asyncio.FIRST_COMPLETED)
            for samples in prober.take():
                yield samples
    finally:
        tick.cancel()


def _metrics(status: StatusFile, processes: Processes, node: str) -> Iterator[Metric]:
    yield "workload_status_readable", (("instance", node), ("job", "workload")), float(status.readable)
    for replica in status.replicas:
        labels = replica_labels(replica)
        if replica.state == "isolated":
            yield "workload_replica_isolated", labels, 1.0
        elif replica.state == "running":
            yield from processes.metrics(replica, labels)
            yield from _actuator_metrics(replica)


def _actuator_metrics(replica: ReplicaStatus) -> Iterator[Metric]:
    """What the actuator itself says of a replica."""
    labels = replica_labels(replica)
    yield "workload_replica_starts_total", labels, float(replica.starts)
    yield "workload_replica_generation", labels, float(replica.generation)
    yield "workload_info", (*labels, ("version", replica.version)), 1.0


SPEC = CollectorSpec(
    name="workload",
    summary="Life, resources and HTTP health of the replicas that the process actuator runs on this node.",
    config=WorkloadConfig,
    collect=collect,
    example="workload: {status: workloads.status.json, interval_s: 1}",
)
