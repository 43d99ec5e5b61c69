"""The example workloads: what the README and the demo promise of the shop."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import pytest
import pytest_asyncio

from actuators.process.actuator import ProcessActuator
from tests.actuators.site import Site, ask, attributes, until

EXAMPLE = Path(__file__).parents[2] / "deploy" / "example" / "workloads.yaml"


@pytest_asyncio.fixture
async def shop(site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ProcessActuator]:
    monkeypatch.setenv("SHOP_STARTS", str(site.directory / "shop_starts"))
    site.file = EXAMPLE
    async with site.actuator() as actuator:
        yield actuator


@pytest_asyncio.fixture
async def web() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        yield client


async def url(shop: ProcessActuator, path: str) -> str:
    return f"http://{(await attributes(shop, 'replica:shop/0'))['instance']}{path}"


async def test_the_good_version_is_well_and_the_bad_one_is_not(shop: ProcessActuator, web: httpx.AsyncClient) -> None:
    """A rollback cures what a deployment of v2 did."""
    assert len(await shop.inventory()) == 5
    assert (await web.get(await url(shop, "/healthz"))).status_code == 200
    assert (await web.get(await url(shop, "/"))).json()["version"] == "v1"
    await ask(shop, "deploy", "workload:shop", "revision", version="v2")
    assert (await web.get(await url(shop, "/healthz"))).status_code == 500
    await ask(shop, "rollback", "workload:shop", "revision", by="c2", to="v1")
    assert (await web.get(await url(shop, "/healthz"))).status_code == 200


async def test_the_shop_counts_its_own_starts(site: Site, shop: ProcessActuator) -> None:
    """Independent of our records, by the command that started it."""
    await ask(shop, "restart", "replica:shop/1", "generation")
    lines = [json.loads(line) for line in (site.directory / "shop_starts").read_text().splitlines()]
    counted = [(line["command"], line["replica"], line["generation"], line["version"]) for line in lines]
    assert sorted(counted[:3]) == [("declared-1", str(number), "1", "v1") for number in range(3)]  # beside each other
    assert counted[3:] == [("c1", "1", "2", "v1")]
    assert lines[-1]["pid"] == (await attributes(shop, "replica:shop/1"))["pid"]


async def test_it_can_be_made_to_err_and_to_crash(shop: ProcessActuator, web: httpx.AsyncClient) -> None:
    """Each fault is what its name says, and `ok` ends it."""
    await web.post(await url(shop, "/fault/errors"))
    assert (await web.get(await url(shop, "/"))).status_code == 500
    await web.post(await url(shop, "/fault/ok"))
    assert (await web.get(await url(shop, "/"))).status_code == 200
    assert (await web.post(await url(shop, "/fault/flood"))).status_code == 404
    await web.post(await url(shop, "/fault/crash"))

    async def is_dead() -> bool:
        return bool((await attributes(shop, "replica:shop/0"))["state"] == "dead")

    await until(shop, is_dead)


async def test_it_can_be_made_to_hang_and_to_leak(shop: ProcessActuator, web: httpx.AsyncClient) -> None:
    """A hanging shop takes connections and answers none until it is told to go on."""
    await web.post(await url(shop, "/fault/hang"))
    waiting = asyncio.create_task(web.get(await url(shop, "/healthz")))
    await web.post(await url(shop, "/fault/ok"))
    assert (await waiting).status_code == 200
    process = psutil.Process((await attributes(shop, "replica:shop/0"))["pid"])
    before = process.memory_info().rss
    await web.post(await url(shop, "/fault/leak"))
    async with asyncio.timeout(5):
        while process.memory_info().rss < before + (8 << 20):
            await asyncio.sleep(0.02)
