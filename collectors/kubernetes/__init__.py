"""The kubernetes collector: a cluster's workloads and nodes under kube-state-metrics' names, and its Events.

From the outside in: `config` says what is followed, `cluster` runs it, `deltas` is kept in step with one collection by
`schemas.cluster.reflector`, `board` holds its series ready, and `pods` with `containers`, `workloads`, `nodes`,
`batch`, `policies` and `events` say what an object means, of `parts`. The client library is an extra and is imported
only when the collector runs.
"""

import asyncio
from collections.abc import AsyncGenerator

import structlog

from collectors.grid import Grid
from collectors.kubernetes.config import KubernetesConfig, common
from collectors.series import SeriesCache
from schemas.cluster.client import NoCluster, client_of
from schemas.plugins import CollectorContext, CollectorSpec, Reading

log = structlog.get_logger()


async def collect(config: KubernetesConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
    """Series as they change and on every moment of the grid, and Events as they come; `up` alone, as 0, while it cannot
    be known how to reach the cluster."""
    from collectors.kubernetes.cluster import ClusterFollower  # noqa: PLC0415 - they need the extra
    from schemas.cluster.api import Reader  # noqa: PLC0415

    grid, down = Grid(config.interval_s or context.interval_s), SeriesCache(common(config, context.node))
    trouble = ""
    while True:
        await grid.tick()
        try:
            client = await client_of(config.kubeconfig, config.context)
            break
        except NoCluster as why:
            before, trouble = trouble, str(why)
            if trouble != before:
                log.error("kubernetes_unreachable", why=trouble)
            yield down.samples(context.now_ms(), [("up", (), 0.0)])
    api = Reader(client, config.request_timeout_s, config.silent_s)
    follower = ClusterFollower(api, config, context)
    running = asyncio.create_task(follower.run())
    try:
        while True:
            reading = asyncio.ensure_future(follower.readings.get())
            await asyncio.wait([reading, running], return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                reading.cancel()
                await running
            yield await reading
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await api.close()


SPEC = CollectorSpec(
    name="kubernetes",
    summary="Workloads, pods and nodes of a Kubernetes cluster under kube-state-metrics' names, and its Events.",
    config=KubernetesConfig,
    collect=collect,
    example="kubernetes: {kubeconfig: /etc/reflexarc/kubeconfig, labels: {cluster: prod}}",
)
