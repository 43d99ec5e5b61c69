"""Prometheus' own client asks the API, and understands the answers."""

import asyncio

import pytest

from engine.api import Desk
from tests.api.asking import START_S, shop
from tests.api.served import served
from tests.peers import installed

NOW_S = START_S + 30
SINCE = f"--start={START_S}"


@pytest.fixture(autouse=True)
def _needs_promtool() -> None:
    """Before a server is started."""
    installed("promtool", "prometheus")


async def promtool(*words: str) -> str:
    """What it prints; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        "promtool", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def test_an_instant_query() -> None:
    """Each series with its value and time."""
    async with served(shop(), Desk()) as url:
        found = await promtool("query", "instant", f"--time={NOW_S}", url, "up")
    assert found.splitlines() == [
        f'up{{replica="0", workload="shop"}} => 1 @[{NOW_S}]',
        f'up{{replica="1", workload="shop"}} => 0 @[{NOW_S}]',
    ]


async def test_a_range_query() -> None:
    """Each series with its points, here from a copy of the process."""
    async with served(shop(), Desk(most_cost_here=-1)) as url:
        asked = [f"--start={START_S}", f"--end={NOW_S}", "--step=15s", url, "requests_total"]
        found = await promtool("query", "range", *asked)
    points = [f"{value} @[{START_S + 15 * number}]" for number, value in enumerate(["0", "10.5", "21"])]
    assert found.splitlines() == ['requests_total{code="200"} =>', *points]


async def test_series_and_label_values() -> None:
    """As listed by their commands."""
    async with served(shop(), Desk()) as url:
        series = await promtool("query", "series", SINCE, "--match=up", "--match=requests_total", url)
        values = await promtool("query", "labels", SINCE, url, "replica")
    assert series.splitlines() == [
        '{__name__="requests_total", code="200"}',
        '{__name__="up", replica="0", workload="shop"}',
        '{__name__="up", replica="1", workload="shop"}',
    ]
    assert values.splitlines() == ["0", "1"]


async def test_health_and_readiness() -> None:
    """`promtool check healthy` and `ready`."""
    installed("promtool", "prometheus", at_least=(2, 45, 0))
    async with served(shop(), Desk()) as url:
        assert "SUCCESS" in await promtool("check", "healthy", f"--url={url}")
        assert "SUCCESS" in await promtool("check", "ready", f"--url={url}")
