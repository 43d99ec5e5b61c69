"""The ways to push a value: an agent publishes it, or a Prometheus sends it by `remote_write`."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import cramjam
import httpx

from engine.runtime.batches import Batches
from engine.runtime.bus import Bus
from engine.runtime.publishing import now_ms
from schemas import subjects
from schemas.codec import encode
from schemas.labels import METRIC_NAME, canonical
from schemas.plugins import Samples
from tests.bench.beside.probes import Probe
from tests.bench.site import NODE
from tests.collectors.remote_write import wire

METRIC = "bench_pushed_up"
PUSHES = 500
PAUSE_S = 0.05
AGENT, REMOTE_WRITE = "agent", "remote_write"
"""The label `instance` of what each way pushes."""

_HEADERS = {"Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"}

Push = Callable[[float], Awaitable[None]]
"""Push this value, and wait until it is stored."""


def by_agent(bus: Bus) -> Push:
    """As an agent publishes what its collectors read."""
    subject, batches = subjects.metrics(NODE, "pushed"), Batches()
    series = [canonical({METRIC_NAME: METRIC, "instance": AGENT})]

    async def push(value: float) -> None:
        (batch,) = batches.of(Samples(now_ms(), series, [value]))
        await bus.publish(subject, encode(batch))

    return push


@asynccontextmanager
async def by_remote_write(port: int) -> AsyncGenerator[Push]:
    """As Prometheus sends to the receiver on this port."""
    labels = {METRIC_NAME: METRIC, "instance": REMOTE_WRITE}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=_HEADERS, trust_env=False) as client:

        async def push(value: float) -> None:
            body = wire.request((labels, [(now_ms(), value)]))
            packed = bytes(cramjam.snappy.compress_raw(body))
            (await client.post("/api/v1/write", content=packed)).raise_for_status()

        yield push


async def break_often(push: Push, probe: Probe) -> None:
    """Push what is broken and what is whole in turn, each when the one before has been told."""
    pauses = random.Random(0)
    for _ in range(PUSHES):
        for broken in (True, False):
            probe.turn(broken=broken)
            await push(float(not broken))
            await probe.told()
            await asyncio.sleep(pauses.uniform(0, PAUSE_S))
