"""The probe collector: what services look like from outside, under blackbox_exporter's names and by its modules.

From the outside in: `config` says what to probe and `modules` how, `probing` runs one target, `http`, `tcp` and `dns`
look at it, `answer` judges, `resolve`, `tls` and `phases` say what was found on the way, `found` keeps it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable

from collectors.probe.config import ProbeConfig
from collectors.probe.probing import Probing, prober_of
from collectors.probe.resolve import Resolver
from schemas.plugins import CollectorContext, CollectorSpec, Reading, Samples


async def collect(config: ProbeConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
    """The result of each probe, each target a source of its own, as it comes in."""
    # Unbounded, for the host takes what there is at once; None comes when the probes have ended.
    readings: asyncio.Queue[Samples | None] = asyncio.Queue()
    probes = asyncio.create_task(_run(config, context, readings.put_nowait))
    probes.add_done_callback(lambda _: readings.put_nowait(None))
    try:
        while (reading := await readings.get()) is not None:
            yield reading
        await probes
    finally:
        probes.cancel()
        await asyncio.gather(probes, return_exceptions=True)


async def _run(config: ProbeConfig, context: CollectorContext, put: Callable[[Samples], None]) -> None:
    resolver, slots = Resolver(), asyncio.Semaphore(config.concurrency)
    async with asyncio.TaskGroup() as group:
        for target in config.probed(round(context.interval_s * 1000)):
            prober = prober_of(target.module, resolver)
            group.create_task(Probing(target, prober, slots, context.now_ms, put).run())
        # Without a target there is nothing to do, but a collector does not end.
        await asyncio.get_running_loop().create_future()


SPEC = CollectorSpec(
    name="probe",
    summary="Probes services from outside by HTTP, TCP, TLS and DNS, configured by blackbox_exporter's modules.",
    config=ProbeConfig,
    collect=collect,
    example="probe: {interval: 15s, targets: [{targets: ['https://shop.example/health'], labels: {service: shop}}, "
    "{targets: ['shop.example:443'], module: tls_connect}]}",
)
