"""The prometheus collector: scrapes targets as Prometheus does, configured as Prometheus is.

From the outside in: `config` says what to scrape, `job` runs the targets that `discovery` finds, `scrape` asks one of
them, `known_lines` reads its answer, `series` and `relabel` name what is kept.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable

from collectors.prometheus.config import PrometheusConfig
from collectors.prometheus.job import Job
from collectors.prometheus.targets import timing_of
from schemas.plugins import CollectorContext, CollectorSpec, Reading, Samples


async def collect(config: PrometheusConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
    """What the targets of all jobs expose, each target a source of its own, as it comes in."""
    # Unbounded, for the host takes what there is at once; None comes when the jobs have ended.
    readings: asyncio.Queue[Samples | None] = asyncio.Queue()
    jobs = asyncio.create_task(_run(config, context, readings.put_nowait))
    jobs.add_done_callback(lambda _: readings.put_nowait(None))
    try:
        while (reading := await readings.get()) is not None:
            yield reading
        await jobs
    finally:
        jobs.cancel()
        await asyncio.gather(jobs, return_exceptions=True)


async def _run(config: PrometheusConfig, context: CollectorContext, put: Callable[[Samples], None]) -> None:
    default_ms = round(context.interval_s * 1000)
    async with asyncio.TaskGroup() as group:
        for job in config.scrape_configs:
            timing = timing_of(job, config.defaults, default_ms)
            group.create_task(Job(job, timing, context.now_ms, put).run())
        # Without a target there is nothing to do, but a collector does not end.
        await asyncio.get_running_loop().create_future()


SPEC = CollectorSpec(
    name="prometheus",
    summary="Scrapes targets in Prometheus' text format or OpenMetrics, configured by Prometheus' scrape_configs.",
    config=PrometheusConfig,
    collect=collect,
    example='prometheus: {scrape_configs: [{job_name: node, static_configs: [{targets: ["localhost:9100"]}]}]}',
)
