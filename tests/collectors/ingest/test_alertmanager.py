"""A real Alertmanager that notifies us of a real alert, firing and then resolved."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.collectors.ingest.receiver import Host, receiving
from tests.peers import installed

LABELS = {"alertname": "DiskNearlyFull", "instance": "a:9100"}
PORT = re.compile(r'msg=["\']?Listening on["\']? address=127\.0\.0\.1:(\d+)', re.IGNORECASE)


@asynccontextmanager
async def alertmanager(binary: str, folder: Path, host: Host) -> AsyncIterator[str]:
    """Its URL. It sends everything on to the receiver, at once, with a bearer token."""
    sent = {"url": f"{host.url}/alertmanager", "http_config": {"authorization": {"credentials": "one"}}}
    config = {
        "route": {"receiver": "us", "group_wait": "10ms", "group_interval": "50ms", "group_by": ["alertname"]},
        "receivers": [{"name": "us", "webhook_configs": [sent]}],
    }
    (folder / "alertmanager.yml").write_text(json.dumps(config), encoding="utf-8")
    words = [
        binary,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        "--cluster.listen-address=",
    ]
    process = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.PIPE)
    try:
        assert process.stderr
        async for line in process.stderr:
            if found := PORT.search(line.decode()):
                break
        else:
            raise AssertionError("it ended")
        yield f"http://127.0.0.1:{found[1]}"
    finally:
        process.terminate()
        await process.communicate()


async def tell(url: str, **more: Any) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        alert = {"labels": LABELS, "annotations": {"summary": "a:9100 is nearly full"}} | more
        assert (await client.post(f"{url}/api/v2/alerts", json=[alert])).status_code == 200


async def until(host: Host, status: str) -> dict[str, Any]:
    """Wait for the event that says so; its data."""
    while True:
        host.came.clear()
        for event in host.events:
            if event.data["status"] == status:
                return dict(event.data)
        await host.came.wait()


async def test_an_alertmanager_notifies_us(tmp_path: Path) -> None:
    """Of an alert when it fires and when it is resolved, each once."""
    binary = installed("prometheus-alertmanager", "prometheus-alertmanager")
    token = tmp_path / "token"
    token.write_text("one", encoding="utf-8")
    began = datetime.now(UTC) - timedelta(minutes=1)
    async with (
        receiving(tmp_path, bearer_token_file=str(token)) as host,
        alertmanager(binary, tmp_path, host) as url,
    ):
        await tell(url, startsAt=began.isoformat())
        firing = await until(host, "firing")
        await tell(url, startsAt=began.isoformat(), endsAt=datetime.now(UTC).isoformat())
        resolved = await until(host, "resolved")
    assert firing["labels"] == resolved["labels"] == LABELS
    assert firing["fingerprint"] == resolved["fingerprint"] != ""
    assert len(host.ids) == len(set(host.ids)) == 2
    assert (host.events[0].subject, firing["message"]) == ("DiskNearlyFull", "a:9100 is nearly full")
