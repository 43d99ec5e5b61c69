"""The whole collector against real HTTP servers."""

import asyncio
import base64
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from collectors.prometheus import collect
from collectors.prometheus.config import PrometheusConfig
from engine.runtime.batches import Batches
from schemas.labels import Labels
from schemas.plugins import Reading, Samples
from schemas.samples import Metadata, is_stale, unpack_values
from tests.collectors.contexts import by_name, by_text, context, next_samples
from tests.collectors.prometheus.exporter import Exporter, exporting

INTERVAL = "100ms"
BODY = '# TYPE requests_total counter\nrequests_total{code="200"} 17\nrequests_total{code="500"} 2\n'


@contextlib.asynccontextmanager
async def scraping(state_dir: Path, *jobs: dict[str, Any]) -> AsyncIterator[AsyncIterator[Reading]]:
    given = [{"job_name": "shop", "scrape_interval": INTERVAL, **job} for job in jobs]
    config = PrometheusConfig.model_validate({"scrape_configs": given})
    async with asyncio.timeout(20), contextlib.aclosing(collect(config, context(state_dir))) as readings:
        yield readings


def of(*exporters: Exporter, **labels: str) -> dict[str, Any]:
    return {"static_configs": [{"targets": [exporter.address for exporter in exporters], "labels": labels}]}


def source(exporter: Exporter) -> str:
    return f"scrape:shop:{exporter.address}"


async def until_third(readings: AsyncIterator[Reading], exporter: Exporter) -> AsyncIterator[Samples]:
    """What comes from other sources until the target itself has been scraped three times more."""
    scrapes = 0
    while scrapes < 3:
        reading = await anext(readings)
        assert isinstance(reading, Samples)
        if reading.source == source(exporter):
            scrapes += 1
        else:
            yield reading


async def until_up(readings: AsyncIterator[Reading], exporter: Exporter, up: float) -> Samples:
    while by_name(samples := await next_samples(readings, source(exporter)))["up"] != up:
        pass
    return samples


async def test_a_scrape_is_what_the_target_exposes(tmp_path: Path) -> None:
    """Every series with the target's labels, and beside them what the scrape says of itself."""
    async with exporting(BODY) as exporter, scraping(tmp_path, of(exporter, env="test")) as readings:
        samples = await until_up(readings, exporter, 1)
    values = by_text(samples)
    labels = f'env="test", instance="{exporter.address}", job="shop"'
    assert values.pop(f"scrape_duration_seconds{{{labels}}}") > 0
    assert values == {
        f"up{{{labels}}}": 1,
        f"scrape_samples_scraped{{{labels}}}": 2,
        f"scrape_samples_post_metric_relabeling{{{labels}}}": 2,
        f"scrape_series_added{{{labels}}}": 2,
        f'requests_total{{code="200", {labels}}}': 17,
        f'requests_total{{code="500", {labels}}}': 2,
    }
    assert exporter.requests[0].startswith("GET /metrics HTTP/1.1\r\n")
    assert "application/openmetrics-text;version=1.0.0" in exporter.requests[0]


async def test_a_steady_target_keeps_its_connection_and_its_layout(tmp_path: Path) -> None:
    """Scrape after scrape comes over one connection, with the very same series."""
    async with exporting(BODY) as exporter, scraping(tmp_path, of(exporter)) as readings:
        first, *others = [await until_up(readings, exporter, 1) for _ in range(4)]
    assert all(samples.series == first.series for samples in others)
    assert [by_name(samples)["scrape_series_added"] for samples in (first, *others)] == [2, 0, 0, 0]
    assert exporter.connections < len(exporter.requests)


@pytest.mark.parametrize(
    "trouble",
    [
        {"body": "requests_total{ 17\n"},
        {"status": "503 Service Unavailable"},
        {"content_type": "text/html"},
        {"content_type": "application/openmetrics-text"},
        {"extra_headers": "Content-Encoding: gzip\r\n"},
        {"body": BODY * 30},
        {"body": "".join(f"m{number} 1\n" for number in range(20))},
    ],
)
async def test_a_failed_scrape_ends_the_series(tmp_path: Path, trouble: dict[str, str]) -> None:
    """`up` is 0, all that the target exposed is marked as ended, and it comes back when the target does."""
    async with exporting(BODY) as exporter:
        job = of(exporter) | {"body_size_limit": "2000B", "sample_limit": 10}
        async with scraping(tmp_path, job) as readings:
            batches = Batches()
            good = await until_up(readings, exporter, 1)
            list(batches.of(good))
            well = {name: getattr(exporter, name) for name in trouble}
            for name, value in trouble.items():
                setattr(exporter, name, value)
            ended, failed = batches.of(await until_up(readings, exporter, 0))
            assert ended.series == list(good.series[5:])
            assert all(map(is_stale, unpack_values(ended.values)))
            assert len(failed.series or ()) == 5
            for name, value in well.items():
                setattr(exporter, name, value)
            assert (await until_up(readings, exporter, 1)).series == good.series


async def test_a_limit_counts_series_once(tmp_path: Path) -> None:
    """A sample that stands again is one that is not kept, so it does not fill the limit either."""
    exposed, limit = "a 1\nb 2\na 3\na 4\n", {"sample_limit": 2}
    async with exporting(exposed) as exporter, scraping(tmp_path, of(exporter) | limit) as readings:
        samples = await until_up(readings, exporter, 1)
    assert by_name(samples)["scrape_samples_post_metric_relabeling"] == 4


async def test_series_that_vanish_are_ended(tmp_path: Path) -> None:
    """A series that the target no longer exposes is marked in the scrape that lacks it."""
    async with exporting(BODY) as exporter, scraping(tmp_path, of(exporter)) as readings:
        batches = Batches()
        list(batches.of(await until_up(readings, exporter, 1)))
        exporter.body = 'requests_total{code="200"} 18\n'
        ended: list[Labels] = []
        while not ended:
            first, *rest = batches.of(await until_up(readings, exporter, 1))
            ended = list(first.series or ()) if rest else []
    assert [dict(labels)["code"] for labels in ended] == ["500"]


async def test_a_target_that_hangs_delays_nobody(tmp_path: Path) -> None:
    """It is `up 0` after its timeout; the others are scraped on time meanwhile."""
    async with exporting(None) as hanging, exporting(BODY) as well:
        job = of(hanging, well) | {"scrape_interval": "300ms", "scrape_timeout": "250ms"}
        async with scraping(tmp_path, job) as readings:
            seen = [await until_up(readings, well, 1) for _ in range(2)]
            failed = await until_up(readings, hanging, 0)
    assert [by_name(samples)["up"] for samples in seen] == [1, 1]
    assert by_name(failed)["scrape_duration_seconds"] >= 0.25


async def test_a_target_that_is_not_there_is_down(tmp_path: Path) -> None:
    """Nobody listens: that is an answer too."""
    async with exporting(BODY) as exporter:
        pass
    async with scraping(tmp_path, of(exporter)) as readings:
        assert by_name(await next_samples(readings, source(exporter)))["up"] == 0


async def test_compressed_openmetrics(tmp_path: Path) -> None:
    """The answer is unpacked, and read by what its content type says."""
    async with exporting("a_total 1\n# EOF\n", content_type="application/openmetrics-text") as exporter:
        exporter.compress = True
        async with scraping(tmp_path, of(exporter)) as readings:
            assert by_name(await until_up(readings, exporter, 1))["a_total"] == 1
    assert "accept-encoding: gzip\r\n" in exporter.requests[0].lower()


async def test_a_samples_own_time_is_its_readings(tmp_path: Path) -> None:
    """Samples of other times are partial readings beside the scrape, once each, which end nothing."""
    exposed = "a 1 1000\nb 2 2000\nc 3 1000\nd 4\n"
    async with exporting(exposed) as exporter, scraping(tmp_path, of(exporter)) as readings:
        good = await until_up(readings, exporter, 1)
        seen = [reading async for reading in until_third(readings, exporter)]
    assert [(samples.time_ms, list(samples.values)) for samples in seen] == [(1000, [1, 3]), (2000, [2])]
    assert [list(samples.at or ()) for samples in seen] == [[0, 2], [1]]
    assert {samples.source for samples in seen} == {source(exporter) + ":timed"}
    assert by_name(good)["d"] == 4
    assert by_name(good)["scrape_samples_post_metric_relabeling"] == 4


async def test_what_a_target_says_of_its_metrics_comes_along(tmp_path: Path) -> None:
    """With the samples of the scrape, from the first one on."""
    async with exporting(BODY) as exporter, scraping(tmp_path, of(exporter)) as readings:
        samples = await until_up(readings, exporter, 1)
    assert samples.metadata == {"requests_total": Metadata("counter", "")}


async def test_credentials_are_read_anew_for_each_scrape(tmp_path: Path) -> None:
    """A rotated file counts from the next scrape on; one that is missing is a failed scrape."""
    secret = tmp_path / "secret"
    async with exporting(BODY) as exporter:
        job = of(exporter) | {"basic_auth": {"username": "me", "password_file": str(secret)}}
        async with scraping(tmp_path, job) as readings:
            await until_up(readings, exporter, 0)
            secret.write_text("s3cret\n", encoding="utf-8")
            await until_up(readings, exporter, 1)
    assert f"authorization: basic {base64.b64encode(b'me:s3cret').decode()}".lower() in exporter.requests[0].lower()


async def test_a_bearer_token_from_the_environment(tmp_path: Path) -> None:
    """`env:NAME` stands for the variable's value; this one pytest sets for every test."""
    async with exporting(BODY) as exporter:
        job = of(exporter) | {"authorization": {"credentials": "env:PYTEST_CURRENT_TEST"}}
        async with scraping(tmp_path, job) as readings:
            await until_up(readings, exporter, 1)
    assert f"authorization: bearer {os.environ['PYTEST_CURRENT_TEST']}\r\n".lower() in exporter.requests[0].lower()


def write(path: Path, content: str) -> None:
    """As a careful tool does: whole, at once."""
    beside = path.with_suffix(".new")
    beside.write_text(content, encoding="utf-8")
    beside.replace(path)


async def test_files_are_followed(tmp_path: Path) -> None:
    """A target that a file adds is scraped, one that it drops is ended, and a broken file changes nothing."""
    targets = tmp_path / "targets.json"
    async with exporting(BODY) as one, exporting(BODY) as two:
        write(targets, json.dumps([{"targets": [one.address], "labels": {"zone": "z1"}}]))
        rule = {"source_labels": ["__meta_filepath"], "target_label": "file"}
        job = {"file_sd_configs": [{"files": [str(tmp_path / "*.json")]}], "relabel_configs": [rule]}
        async with scraping(tmp_path, job) as readings:
            first = await next_samples(readings, source(one))
            write(targets, "[{")
            write(tmp_path / "more.json", json.dumps([{"targets": [two.address]}]))
            await next_samples(readings, source(two))
            await next_samples(readings, source(one))
            write(targets, "[]")
            while (await next_samples(readings, source(one))).series:
                pass
    assert dict(first.series[0]).items() >= {"zone": "z1", "file": str(targets)}.items()


async def test_a_server_may_list_the_targets(tmp_path: Path) -> None:
    """HTTP discovery is asked again and again; while it fails the targets stay as they are."""
    async with exporting(BODY) as one, exporting(BODY) as two, exporting("") as directory:
        directory.content_type = "application/json"
        directory.body = json.dumps([{"targets": [one.address]}])
        server = {"url": f"http://{directory.address}/targets", "refresh_interval": "20ms"}
        rule = {"source_labels": ["__meta_url"], "target_label": "url"}
        async with scraping(tmp_path, {"http_sd_configs": [server], "relabel_configs": [rule]}) as readings:
            first = await next_samples(readings, source(one))
            asked = len(directory.requests)
            directory.status = "500 Internal Server Error"
            while len(directory.requests) < asked + 3:
                assert (await next_samples(readings, source(one))).series
            directory.status = "200 OK"
            directory.body = json.dumps([{"targets": [two.address]}])
            while (await next_samples(readings, source(one))).series:
                pass
            await next_samples(readings, source(two))
    assert dict(first.series[0])["url"] == server["url"]


async def test_more_targets_than_allowed_are_none(tmp_path: Path) -> None:
    """`target_limit` refuses the whole job rather than an arbitrary part of it; other jobs go on."""
    async with exporting(BODY) as one, exporting(BODY) as two:
        limited = of(one, two) | {"job_name": "limited", "target_limit": 1}
        async with scraping(tmp_path, limited, of(one)) as readings:
            seen = [await anext(readings) for _ in range(5)]
    assert {reading.source for reading in seen} == {source(one)}


async def test_jobs_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    """`scrape_config_files` are read as Prometheus reads them."""
    async with exporting(BODY) as exporter:
        job = {"job_name": "shop", "scrape_interval": "500ms", **of(exporter)}
        (tmp_path / "shop.yml").write_text(json.dumps({"scrape_configs": [job]}), encoding="utf-8")
        config = PrometheusConfig.model_validate({"scrape_config_files": [str(tmp_path / "*.yml")]})
        async with asyncio.timeout(20), contextlib.aclosing(collect(config, context(tmp_path))) as readings:
            await until_up(readings, exporter, 1)
