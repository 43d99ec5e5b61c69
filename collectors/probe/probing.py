"""One target, probed again and again: on its own moments, within its time, and what is found told each time."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Protocol

import structlog

from collectors.grid import Grid
from collectors.probe.found import Findings, ProbeFailed
from collectors.probe.http import HttpProber
from collectors.probe.modules import Module
from collectors.probe.resolve import Resolver
from collectors.probe.target import Target
from collectors.probe.tcp import TcpProber
from collectors.series import SeriesCache
from schemas.plugins import Samples

log = structlog.get_logger()

_GAUGES = (
    "probe_success",
    "probe_duration_seconds",
    "probe_dns_lookup_time_seconds",
    "probe_ip_protocol",
    "probe_failed_due_to_regex",
)


class Prober(Protocol):
    async def probe(self, instance: str, found: Findings) -> None:
        """Look at the target; raises `ProbeFailed`."""
        ...


def prober_of(module: Module, resolver: Resolver) -> Prober:
    if module.prober == "http":
        return HttpProber(module.http, resolver)
    if module.prober == "tcp":
        return TcpProber(module.tcp, resolver)
    from collectors.probe.dns import DnsProber  # noqa: PLC0415 - it needs the extra

    assert module.dns is not None, "the configuration sees to it"
    return DnsProber(module.dns, resolver)


class Probing:
    """`slots` are shared by all targets: each probe under way takes one."""

    def __init__(
        self,
        target: Target,
        prober: Prober,
        slots: asyncio.Semaphore,
        now_ms: Callable[[], int],
        put: Callable[[Samples], None],
    ) -> None:
        self._target = target
        self._prober = prober
        self._slots = slots
        self._now_ms = now_ms
        self._put = put
        self._series = SeriesCache(target.labels)
        self._trouble = ""

    async def run(self) -> None:
        """Probe until cancelled."""
        await asyncio.sleep(offset_s(self._target))
        grid = Grid(self._target.interval_ms / 1000)
        while True:
            await grid.tick()
            async with self._slots:
                await self._probe()

    async def _probe(self) -> None:
        clock = asyncio.get_running_loop().time
        time_ms, start_s = self._now_ms(), clock()
        found = Findings()
        for name in _GAUGES:
            found.put(name, 0.0)
        trouble = await self._look(found)
        found.put("probe_success", float(not trouble))
        found.put("probe_duration_seconds", clock() - start_s)
        self._tell(trouble)
        self._put(self._series.samples(time_ms, found.metrics(), self._target.source))

    async def _look(self, found: Findings) -> str:
        """Why it failed; nothing if it did not."""
        try:
            async with asyncio.timeout(self._target.timeout_ms / 1000):
                await self._prober.probe(self._target.instance, found)
        except TimeoutError:
            return f"not done within {self._target.timeout_ms} ms"
        except ProbeFailed as failure:
            if failure.regexp:
                found.put("probe_failed_due_to_regex", 1.0)
            return str(failure)
        return ""

    def _tell(self, trouble: str) -> None:
        """Once for each new trouble, not once a probe."""
        about = {"instance": self._target.instance, "module": self._target.module_name}
        if trouble and trouble != self._trouble:
            log.warning("probe_failed", why=trouble, **about)
        elif self._trouble and not trouble:
            log.info("probe_well_again", **about)
        self._trouble = trouble


def offset_s(target: Target) -> float:
    """Where in the interval a target's moments lie, seconds: always the same for it, and spread evenly over all."""
    digest = hashlib.blake2b(target.source.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 * target.interval_ms / 1000
