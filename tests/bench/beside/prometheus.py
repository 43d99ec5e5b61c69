"""The real Prometheus: where its binary is, a process of it, and its HTTP API."""

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import psutil

from schemas.labels import Labels, canonical
from tests.bench.beside.usage import port_of
from tests.bench.site import running

VARIABLE = "REFLEXARC_PROMETHEUS"
ABSENT = f"prometheus is absent: it is neither on PATH nor named by {VARIABLE}, so ours alone is measured"
QUERY_TIMEOUT_S = 60.0


def find() -> str | None:
    """The binary; None where there is none."""
    return os.environ.get(VARIABLE) or shutil.which("prometheus")


class Series(NamedTuple):
    """Samples of one series: times in Unix milliseconds, and values."""

    labels: Labels
    times_ms: tuple[int, ...]
    values: tuple[float, ...]


class Prometheus:
    """A running one. Made by `open_prometheus`."""

    def __init__(self, process: psutil.Process, client: httpx.AsyncClient) -> None:
        self.process = process
        self._client = client

    async def instant(self, expr: str, time_ms: int) -> dict[Labels, float]:
        """The value of an expression at a time, by series."""
        found = await self._query(expr, time_ms)
        return {canonical(series["metric"]): float(series["value"][1]) for series in found}

    async def samples(self, selector: str, time_ms: int) -> list[Series]:
        """The samples that a range selector picks."""
        return [
            Series(
                canonical(series["metric"]),
                tuple(round(time_s * 1000) for time_s, _ in series["values"]),
                tuple(float(value) for _, value in series["values"]),
            )
            for series in await self._query(selector, time_ms)
        ]

    async def firing(self) -> set[Labels]:
        """The labels of all alerts that fire."""
        alerts = (await self._get("/api/v1/alerts", {}))["alerts"]
        return {canonical(alert["labels"]) for alert in alerts if alert["state"] == "firing"}

    async def _query(self, expr: str, time_ms: int) -> list[Any]:
        content = await self._get("/api/v1/query", {"query": expr, "time": f"{time_ms / 1000:.3f}"})
        result: list[Any] = content["result"]
        return result

    async def _get(self, path: str, params: Mapping[str, str]) -> Any:
        response = (await self._client.get(path, params=params)).raise_for_status()
        return msgspec.json.decode(response.content)["data"]


@asynccontextmanager
async def open_prometheus(binary: str, config: Path) -> AsyncIterator[Prometheus]:
    """One with this configuration, on a free port; its data lie beside the file."""
    options = [f"--config.file={config}", f"--storage.tsdb.path={config.parent / 'tsdb'}"]
    command = [binary, *options, "--web.listen-address=127.0.0.1:0"]
    with running(command, config.parent / "prometheus.log", config.parent) as process:
        url = f"http://127.0.0.1:{await port_of(process)}"
        async with httpx.AsyncClient(base_url=url, timeout=QUERY_TIMEOUT_S, trust_env=False) as client:
            yield Prometheus(process, client)
