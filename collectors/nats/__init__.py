"""The nats collector: the server's own health, from its monitoring endpoint, under prometheus-nats-exporter's names.

The journal, the commands and the audit are only as well as the server that stores them: how full its store is, and who
reads too slowly, is known to it alone.
"""

import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Any, Self

import httpx
import structlog
from pydantic import Field, model_validator

from collectors.grid import Grid
from collectors.nats import monitoring
from collectors.series import Metric, SeriesCache
from schemas.plugins import CollectorContext, CollectorSpec, PluginConfig, Reading

log = structlog.get_logger()


class UnansweredError(Exception):
    """The server's monitoring cannot be asked, or answers what is none; the message says how."""


class NatsConfig(PluginConfig):
    """`url` is that of the server's monitoring. `ports_dir` is where a server that chooses its ports itself writes
    them down (its `ports_file_dir`): that of `reflexarc up` is the folder `nats` of its state.
    """

    url: str | None = None
    ports_dir: Path | None = None
    interval_s: Annotated[float, Field(gt=0)] | None = None
    timeout_s: float = Field(default=5.0, gt=0)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.url is None) == (self.ports_dir is None):
            raise ValueError("expected either url or ports_dir")
        return self


async def collect(config: NatsConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
    """One scrape of the server on every moment of the grid; `up` alone, as 0, where it does not answer."""
    series = SeriesCache({"instance": context.node, "job": "nats"})
    grid = Grid(config.interval_s or context.interval_s)
    # Certificates are loaded only where there is one to check, and proxies are not for us.
    secure = (config.url or "").startswith("https:")
    trouble = ""
    async with httpx.AsyncClient(timeout=config.timeout_s, trust_env=False, verify=secure) as client:
        while True:
            await grid.tick()
            time_ms = context.now_ms()
            before, trouble = trouble, ""
            try:
                metrics: list[Metric] = [("up", (), 1.0), *await _metrics(client, _url(config))]
            except UnansweredError as error:
                metrics, trouble = [("up", (), 0.0)], str(error)
            if trouble != before:
                log.info("nats_monitoring", trouble=trouble or None)
            yield series.samples(time_ms, metrics)


def _url(config: NatsConfig) -> str:
    """Where to ask. One that a server has left behind when it was killed is older than that of its successor."""
    if config.url is not None:
        return config.url.rstrip("/")
    assert config.ports_dir is not None
    try:
        newest = max(config.ports_dir.glob("*.ports"), key=os.path.getmtime)
        return str(json.loads(newest.read_text())["monitoring"][0])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UnansweredError(f"{config.ports_dir} holds no ports of a server with monitoring") from error


async def _metrics(client: httpx.AsyncClient, url: str) -> list[Metric]:
    general = monitoring.varz(await _ask(client, f"{url}/varz"))
    return [*general, *monitoring.jsz(await _ask(client, f"{url}/jsz?streams=true"))]


async def _ask(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    try:
        answer = (await client.get(url)).raise_for_status().json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise UnansweredError(f"{url}: {error or type(error).__name__}") from error
    if not isinstance(answer, dict):
        raise UnansweredError(f"{url}: expected an object")
    return answer


SPEC = CollectorSpec(
    name="nats",
    summary="Health of a NATS server: connections, slow consumers, what its store holds and may hold.",
    config=NatsConfig,
    collect=collect,
    example="nats: {url: 'http://127.0.0.1:8222'}",
)
