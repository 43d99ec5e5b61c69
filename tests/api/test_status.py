"""What the API tells about the process, and what it does not answer."""

import pytest

from engine.runtime import metrics
from schemas.samples import Metadata
from tests.api.asking import Asker, shop

UNREADY = "the engine still reads what happened while it was away"


async def test_readiness_is_told_apart_from_health() -> None:
    """An engine that still catches up is healthy, and not ready; what is asked of it is unavailable."""
    late, present = Asker(shop(), ready=False), Asker(shop())
    assert [(await asker.ask("/-/healthy")).status_code for asker in (late, present)] == [200, 200]
    assert [(await asker.ask("/-/ready")).status_code for asker in (late, present)] == [503, 200]
    assert await late.refused("query", query="1") == (503, "unavailable", UNREADY)


async def test_the_version_is_the_one_of_the_api() -> None:
    """Dashboards decide by it what they may ask; who answers really is told in the revision."""
    told = await Asker(shop()).data("status/buildinfo")
    assert told["version"].startswith("3.5.")
    assert told["revision"].startswith("reflexarc-")


async def test_metadata_is_what_sources_said() -> None:
    """By metric name, all or one, or the first so many."""
    known = {"up": Metadata("gauge", "Lives."), "a_bytes": Metadata("counter", "Sent.", "bytes")}
    asker = Asker(shop(), metadata=known)
    up = {"up": [{"type": "gauge", "help": "Lives.", "unit": ""}]}
    first = {"a_bytes": [{"type": "counter", "help": "Sent.", "unit": "bytes"}]}
    assert await asker.data("metadata") == first | up
    assert await asker.data("metadata", limit=1, limit_per_metric=1) == first
    assert await asker.data("metadata", metric="up") == up
    assert await asker.data("metadata", metric="down") == await asker.data("metadata", limit=0) == {}
    assert await asker.refused("metadata", limit="x") == (400, "bad_data", "limit must be a number")


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("", "text/plain"), ("application/openmetrics-text; version=1.0.0", "application/open")],
)
async def test_the_process_tells_its_own_metrics(accept: str, content_type: str) -> None:
    """In the format that the scraper prefers."""
    response = await Asker(shop()).ask("/metrics", headers={"accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(content_type)
    assert "process_cpu_seconds_total" in response.text


async def test_answers_are_counted() -> None:
    """By their status, the copies that were made for them too."""
    asker, before = Asker(shop(), beside=True), counted()
    await asker.data("query", query="1")
    await asker.refused("query", query="(")
    after = counted()
    assert [after[name] - before[name] for name in COUNTERS] == [1, 1, 1]


COUNTERS = (
    'reflexarc_http_answers_total{status="200"}',
    'reflexarc_http_answers_total{status="400"}',
    "reflexarc_forked_answers_total",
)


def counted() -> dict[str, float]:
    found = metrics.values()
    return {name: found.get(name, 0.0) for name in COUNTERS}


async def test_what_is_not_there_is_told() -> None:
    """An address of the API that nothing answers at, and a method that it does not know."""
    asker = Asker(shop())
    text = "/api/v1/targets is not part of this API"
    assert await asker.refused("targets") == (404, "not_found", text)
    assert (await asker.ask("/elsewhere")).status_code == 404
    assert (await asker.ask("rules", "POST")).status_code == 405
