"""The HTTP API of a real engine, on a real socket: what the journal said is what is answered."""

import asyncio
from pathlib import Path

import httpx

from engine.api import Address, ListenError, listen, url_of
from engine.runtime.asking import ask
from engine.runtime.bus import Bus
from engine.runtime.publishing import now_ms
from schemas import subjects
from schemas.codec import encode
from schemas.labels import canonical
from schemas.samples import SampleBatch, layout_digest, pack_values
from tests.conftest import ServerUnderTest
from tests.runtime.roles import PATIENCE_S, POLL_S, engine, error_of, status

ANYWHERE = Address("127.0.0.1", 0)
RULES = """\
groups:
  - name: shop
    rules:
      - alert: Down
        expr: up == 0
        labels: {severity: page}
"""
UP = [canonical({"__name__": "up", "workload": "shop"})]


async def sample(bus: Bus, value: float) -> int:
    """One scrape of `up`; its journal sequence."""
    batch = SampleBatch(time_ms=now_ms(), layout=layout_digest(UP), values=pack_values([value]), series=UP)
    return (await bus.publish(subjects.metrics("n1", "host"), encode(batch))).seq


async def firing(client: httpx.AsyncClient) -> httpx.Response:
    """The alerts, once there is one."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            response = await client.get("/api/v1/alerts")
            if response.status_code == httpx.codes.OK and response.json()["data"]["alerts"]:
                return response
            await asyncio.sleep(POLL_S)


async def test_an_engine_answers_over_http(mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path) -> None:
    """Samples, rules, alerts, in the loop and beside it; the same as over the bus; and the port is free afterwards."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "shop.yaml").write_text(RULES)
    async with engine(mortal_server, tmp_path, listen=ANYWHERE):
        url = (await status(mortal_bus, applied_seq=await sample(mortal_bus, 0.0)))["url"]
        async with httpx.AsyncClient(base_url=url) as client:
            assert (await client.get("/-/ready")).status_code == httpx.codes.OK
            alert = (await firing(client)).json()["data"]["alerts"][0]
            assert alert["labels"] == {"alertname": "Down", "severity": "page", "workload": "shop"}
            (group,) = (await client.get("/api/v1/rules")).json()["data"]["groups"]
            assert (group["name"], group["rules"][0]["state"]) == ("shop", "firing")
            at_s = now_ms() / 1000
            found = (await client.get("/api/v1/query", params={"query": "up", "time": at_s})).json()["data"]
            over = f"/api/v1/query_range?query=up&start={at_s}&end={at_s + 3000}&step=1"
            points = (await client.get(over)).json()["data"]["result"][0]["values"]
            assert found["result"][0]["value"] == points[0]
            told = await ask(mortal_bus, "engine", "query", b"up")
            assert told["data"]["result"][0]["metric"] == found["result"][0]["metric"]
            assert "reflexarc_messages_total" in (await client.get("/metrics")).text
    port = int(url.rpartition(":")[2])
    with listen(Address("127.0.0.1", port)) as again:
        assert url_of(again) == url


async def test_a_port_in_use_ends_the_engine(mortal_server: ServerUnderTest, tmp_path: Path) -> None:
    """Rather than running without what was asked for; the error names the address."""
    with listen(ANYWHERE) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
        async with engine(mortal_server, tmp_path, listen=address) as role:
            (error,) = await error_of(role)
    assert isinstance(error, ListenError)
    assert str(error) == f"cannot listen on {address}: Address already in use"


async def test_a_wrong_question_over_the_bus_is_told(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """With the same words as over HTTP, which need not be there."""
    async with engine(mortal_server, tmp_path):
        assert (await status(mortal_bus))["url"] is None
        answer = await ask(mortal_bus, "engine", "query", b"sum(")
    assert answer["error"] == 'invalid parameter "query": parse error: unclosed left parenthesis'
