"""A real Prometheus that scrapes a real exporter and sends to us."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.labels import METRIC_NAME, Labels
from schemas.plugins import Samples
from schemas.samples import Metadata, is_stale
from tests.collectors.prometheus.exporter import Exporter, exporting
from tests.collectors.remote_write.receiver import Host, receiving
from tests.peers import installed

BODY = """\
# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{code="200"} 17
requests_total{code="500"} 0
nothing NaN
"""


@pytest.fixture
def binary() -> str:
    """Prometheus itself, from PATH."""
    return installed("prometheus", "prometheus")


@contextlib.asynccontextmanager
async def prometheus(binary: str, folder: Path, host: Host, exporter: Exporter) -> AsyncIterator[None]:
    """A server that scrapes the exporter, every 200 ms, and sends what it scraped, until the block ends."""
    config: dict[str, Any] = {
        "global": {"scrape_interval": "200ms"},
        "scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": [exporter.address]}]}],
        "remote_write": [
            {
                "url": host.url,
                "queue_config": {"batch_send_deadline": "50ms", "max_samples_per_send": 3},
                "metadata_config": {"send_interval": "500ms"},
            }
        ],
    }
    file = folder / "prometheus.yml"
    file.write_text(json.dumps(config), encoding="utf-8")
    words = [
        binary,
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--web.listen-address=127.0.0.1:0",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*words, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


def named(host: Host, name: str) -> list[tuple[Labels, int, float]]:
    """The samples of a metric, as they came."""
    return [
        (reading.series[at], reading.time_ms, value)
        for reading in host.pushed
        for at, value in zip(reading.at or (), reading.values, strict=True)
        if dict(reading.series[at])[METRIC_NAME] == name
    ]


async def until(host: Host, condition: Callable[[], bool]) -> None:
    while not condition():
        host.came.clear()
        await host.came.wait()


def about(readings: list[Samples]) -> dict[str, Metadata]:
    return {name: said for reading in readings for name, said in (reading.metadata or {}).items()}


async def test_a_real_prometheus_feeds_us(binary: str, tmp_path: Path) -> None:
    """Its samples, its staleness markers and what it knows of its metrics arrive, however it cuts its scrapes."""
    async with exporting(BODY) as exporter, receiving(tmp_path) as host, prometheus(binary, tmp_path, host, exporter):
        await until(host, lambda: len(named(host, "up")) > 3 and "requests_total" in about(host.pushed))
        exporter.body = 'requests_total{code="200"} 18\n'
        await until(host, lambda: any(is_stale(value) for _, _, value in named(host, "nothing")))
        await until(
            host,
            lambda: (
                len({dict(labels)["code"] for labels, _, value in named(host, "requests_total") if value == 18}) == 1
            ),
        )
    requests = named(host, "requests_total")
    assert about(host.pushed)["requests_total"] == Metadata("counter", "Requests.")
    assert {dict(labels)["code"]: dict(labels) for labels, _, _ in requests} == {
        code: {METRIC_NAME: "requests_total", "code": code, "instance": exporter.address, "job": "shop"}
        for code in ("200", "500")
    }
    assert {value for labels, _, value in requests if dict(labels)["code"] == "200"} == {17, 18}
    assert [is_stale(value) for labels, _, value in requests if dict(labels)["code"] == "500"].count(True) == 1
    assert {value for _, _, value in named(host, "up")} == {1}
    times = [time_ms for labels, time_ms, _ in requests if dict(labels)["code"] == "200"]
    assert len(set(times)) == len(times)
