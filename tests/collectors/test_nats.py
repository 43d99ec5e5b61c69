"""The nats collector, on a real server."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collectors.nats import NatsConfig, collect
from collectors.nats.monitoring import jsz, varz
from schemas.labels import METRIC_NAME
from tests.collectors.contexts import NODE, by_text, context, next_samples
from tests.conftest import ServerUnderTest


def ours(name: str, labels: str = "") -> str:
    return f'{name}{{{labels}instance="{NODE}", job="nats"}}'


async def test_a_server_that_chose_its_port_is_found_and_asked(nats_server: ServerUnderTest, tmp_path: Path) -> None:
    """Its store, its streams and its connections have the names that prometheus-nats-exporter gives them."""
    config = NatsConfig(ports_dir=nats_server.directory)
    async with contextlib.aclosing(collect(config, context(tmp_path, now_ms=lambda: 5000))) as readings:
        scrape = await next_samples(readings)
    values = by_text(scrape)
    assert scrape.time_ms == 5000
    assert values[ours("up")] == 1
    assert values[ours("gnatsd_varz_slow_consumers")] == 0
    assert values[ours("jetstream_server_jetstream_disabled")] == 0
    assert values[ours("jetstream_server_max_storage")] == values[ours("gnatsd_varz_jetstream_config_max_storage")] > 0
    assert values[ours("gnatsd_varz_mem")] > 0
    streams = {dict(each)["stream_name"] for each in scrape.series if "stream_name" in dict(each)}
    assert {"JOURNAL", "AUDIT", "KV_ledger"} <= streams
    names = {dict(each)[METRIC_NAME] for each in scrape.series}
    assert {"gnatsd_varz_connections", "gnatsd_varz_jetstream_stats_storage", "jetstream_stream_total_bytes"} <= names


async def test_a_server_that_is_away_is_down_and_found_again(mortal_server: ServerUnderTest, tmp_path: Path) -> None:
    """While it does not answer there is `up`, as 0, and nothing else; the next start, on another port, is found."""
    config = NatsConfig(ports_dir=mortal_server.directory, interval_s=0.01)
    async with contextlib.aclosing(collect(config, context(tmp_path))) as readings:
        assert by_text(await next_samples(readings))[ours("up")] == 1
        await mortal_server.kill()
        assert by_text(await next_samples(readings)) == {ours("up"): 0}
        await mortal_server.up()
        assert by_text(await next_samples(readings))[ours("up")] == 1


async def test_where_there_is_no_server_it_is_down(tmp_path: Path) -> None:
    """Neither a folder without ports nor an address where nobody listens ends the collector."""
    for config in (NatsConfig(ports_dir=tmp_path), NatsConfig(url="http://127.0.0.1:1")):
        async with contextlib.aclosing(collect(config, context(tmp_path))) as readings:
            assert by_text(await next_samples(readings)) == {ours("up"): 0}


def test_every_number_has_the_name_of_its_path() -> None:
    """What is no number is left out, and so are the pages of the monitoring itself."""
    answer: dict[str, Any] = {
        "mem": 17,
        "server_id": "X",
        "auth_required": True,
        "jetstream": {"stats": {"storage": 5}},
        "http_req_stats": {"/varz": 1},
    }
    assert list(varz(answer)) == [("gnatsd_varz_mem", (), 17.0), ("gnatsd_varz_jetstream_stats_storage", (), 5.0)]


def test_a_server_without_jetstream_says_so() -> None:
    """What is missing is left out, as nothing is stored."""
    assert list(jsz({"disabled": True})) == [("jetstream_server_jetstream_disabled", (), 1.0)]


@pytest.mark.parametrize("given", [{}, {"url": "http://127.0.0.1:8222", "ports_dir": "nats"}])
def test_one_way_to_the_server_is_to_be_given(given: dict[str, Any]) -> None:
    """Without any, or with two, it could not be known where to ask."""
    with pytest.raises(ValidationError, match="expected either url or ports_dir"):
        NatsConfig.model_validate(given)
