"""What it costs from scrape to alert: three pairs, each a Prometheus and all our processes, in the same 100 seconds.

One pair has the series and the rules, one the series and no rules, one the rules and nothing to scrape. The
differences between them are what evaluation costs, and what a series does.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import psutil

from tests.bench.beside import configs, costs, identical, ours, prometheus, shop
from tests.bench.beside.prometheus import Prometheus, open_prometheus
from tests.bench.beside.usage import port_of, watch
from tests.bench.figures import Figure
from tests.bench.site import NODE, REPOSITORY, Site, open_site, running

WARM_UP_S = 75.0
"""Until every window is full, and starting up is long over."""
MEASURED_S = 100

_GROUPS: list[dict[str, Any]] = [
    {
        "name": "bench",
        "interval": f"{shop.INTERVAL_S}s",
        "rules": [{"alert": rule.name, "expr": f"{rule.value} {rule.breaks}"} for rule in shop.RULES],
    }
]


class Pair(NamedTuple):
    """Both sides with the same files; `theirs` None where there is no Prometheus."""

    site: Site
    ours: Mapping[str, psutil.Process]
    theirs: Prometheus | None

    def processes(self) -> dict[str, psutil.Process]:
        return {**self.ours, costs.THEIRS: self.theirs.process} if self.theirs else {**self.ours}


async def run() -> list[Figure]:
    """The figures of one run."""
    binary = prometheus.find()
    if binary is None:
        sys.stderr.write(f"{prometheus.ABSENT}\n")
    async with AsyncExitStack() as stack:
        port = await _exporter(stack)
        enter = stack.enter_async_context
        ruled = await enter(_pair(binary, port, shop.TARGETS, _GROUPS))
        plain = await enter(_pair(binary, port, shop.TARGETS, []))
        empty = await enter(_pair(binary, port, 0, _GROUPS))
        await asyncio.sleep(WARM_UP_S)
        watching = (watch(pair.processes(), MEASURED_S) for pair in (ruled, plain, empty))
        of_ruled, of_plain, of_empty = await asyncio.gather(*watching)
        end_ms = int(time.time() * 1000)
        assert await ours.series(ruled.site.bus) >= shop.SERIES, ruled.site.log_of("engine").read_text()
        checks = await _checks(ruled.site, ruled.theirs, end_ms) if ruled.theirs else []
    return [*costs.figures(of_ruled, of_plain, of_empty, MEASURED_S // shop.INTERVAL_S), *checks]


async def _exporter(stack: AsyncExitStack) -> int:
    """Start it; its port."""
    site = await stack.enter_async_context(open_site())
    command = [sys.executable, "-m", "tests.bench.beside.exporter"]
    return await port_of(stack.enter_context(running(command, site.log_of("exporter"), REPOSITORY)))


@asynccontextmanager
async def _pair(binary: str | None, port: int, targets: int, groups: configs.Groups) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(open_site())
        configs.write_scrapes(site.folder, port, targets, shop.INTERVAL_S)
        configs.write_rules(site.folder, groups)
        theirs = None
        if binary:
            config = configs.write_prometheus(site.folder, shop.INTERVAL_S)
            theirs = await stack.enter_async_context(open_prometheus(binary, config))
        yield Pair(site, ours.start(site, configs.write_ours(site.folder, NODE)), theirs)


async def _checks(site: Site, theirs: Prometheus, end_ms: int) -> list[Figure]:
    apart = identical.apart(await theirs.firing(), await ours.firing(site.bus))
    compared = await identical.compare(theirs, end_ms, MEASURED_S)
    rounds = min(each.rounds for each in compared)
    return [
        Figure(name="alerts that fire on one side only", measured=apart, unit="", limit=0),
        Figure(name="rounds compared", measured=rounds, unit="", limit=MEASURED_S / shop.INTERVAL_S - 1, at_least=True),
        *(
            Figure(name=f"{each.rule.name}: of {each.values} values differ", measured=each.different, unit="", limit=0)
            for each in compared
        ),
    ]
