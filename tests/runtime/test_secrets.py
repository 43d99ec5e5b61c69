"""Secrets in a real run: they reach whom they are for, and are found nowhere that Reflexarc keeps or says anything."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from engine.cli.history import read_audit
from engine.runtime.lookup import scan
from schemas import subjects
from schemas.audit import AuditEntry
from tests.actuators.http.server import Server, serving
from tests.crash.cluster import Cluster, known_to_engine

SECRET = "s3cr3t-0f-the-hook-81f2"
MARKER = "no such token"
"""What a receiver that complains says before the secret: where it is found, a secret would have been, too."""

CONFIG = """\
node = "n1"

[engine]
rules = ["{config_dir}/rules.yaml"]
evaluation_interval = "300ms"
tick = "100ms"

[actuator.plugins.page.receivers.hook]
webhook = "file:FOLDER/url"
headers = { Authorization = "file:FOLDER/token" }

[actuator.plugins.page.receivers.file]
file = "{state_dir}/pages.jsonl"

[actuator.plugins.http.endpoints.hook]
url = "SERVER/x?who={who}"
headers = { Authorization = "file:FOLDER/token", X-Key = "env:HOOK_KEY" }
parameters.who = { type = "text", pattern = "[a-z]+" }

[actuator.plugins.process]
workloads = "FOLDER/nosy.yaml"
stop_workloads_on_close = true

[actuator.plugins.exec.commands.fails]
argv = ["FOLDER/script", "3"]
environment = { TOKEN = "file:FOLDER/token" }

[actuator.plugins.exec.commands.tells]
argv = ["FOLDER/script", "0"]
environment = { TOKEN = "file:FOLDER/token" }
"""

WORKLOADS = """\
workloads:
  nosy:
    version: v1
    replicas: 1
    versions: {v1: {command: [sh, -c, "env > new; mv new FOLDER/environment; exec sleep 600"]}}
"""

NOTHING = """\
groups:
  - {name: g, rules: [{alert: Never, expr: vector(1) > 2}]}
"""

RULES = """\
groups:
  - name: g
    rules:
      - alert: Always
        expr: vector(1)
        annotations: {summary: somebody wants to know}
      - respond: TellEverybody
        alert: Always
        mode: auto
        steps:
          - call: {endpoint: hook, who: ada}
          - run: {command: fails}
          - run: {command: tells}
          - page: {receiver: hook}
          - page: {receiver: file}
"""

SCRIPT = """\
#!/bin/sh
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo "no such token: $TOKEN"; done
exit $1
"""


def planted(folder: Path, server: Server) -> None:
    """The secret in files that only we can read, and in a variable."""
    for name, value in (("token", f"Bearer {SECRET}"), ("url", f"{server.url}/hooks/{SECRET}")):
        file = folder / name
        file.touch(0o600)
        file.write_text(value)
    (folder / "nosy.yaml").write_text(WORKLOADS.replace("FOLDER", str(folder)))
    script = folder / "script"
    script.write_text(SCRIPT)
    script.chmod(0o755)


@pytest_asyncio.fixture
async def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cluster]:
    with serving(Server()) as server:
        server.faults.extend(["500 before"] * 2)
        planted(tmp_path, server)
        monkeypatch.setenv("HOOK_KEY", SECRET)
        config = CONFIG.replace("FOLDER", str(tmp_path)).replace("SERVER", server.url)
        cluster = Cluster(tmp_path, NOTHING, config, roles=("engine", "actuator"))
        await cluster.start()
        try:
            yield cluster
            assert [each.headers["Authorization"] for each in server.received] == [f"Bearer {SECRET}"] * 2
            assert [each.path for each in server.received] == ["/x?who=ada", f"/hooks/{SECRET}"]
        finally:
            await cluster.stop()


async def outcomes(cluster: Cluster) -> list[AuditEntry]:
    """What became of the five steps."""
    bus = await cluster.connect("engine")
    try:
        await known_to_engine(bus, {"endpoint:hook", "command:tells", "receiver:hook"})
        (cluster.folder / "rules.yaml").write_text(RULES)
        found: list[AuditEntry] = []
        async with asyncio.timeout(30):
            while len(found) < 5:
                await asyncio.sleep(0.05)
                found = [each.entry for each in await read_audit(bus) if each.entry.kind == "outcome"]
        return found
    finally:
        await bus.close()


async def test_a_planted_secret_is_nowhere_but_where_it_is_for(cluster: Cluster) -> None:
    """In no stream, view or log, nor in what an actuator keeps; not even when whoever got it complains of it."""
    told = await outcomes(cluster)
    async with asyncio.timeout(30):
        while not (environment := cluster.folder / "environment").exists():
            await asyncio.sleep(0.05)
    assert "PATH=" in environment.read_text()  # a workload has ours, but for what is secret there
    assert [(each.verb, each.state) for each in told] == [
        ("call", "unknown"),
        ("run", "failed"),
        ("run", "succeeded"),
        ("page", "failed"),
        ("page", "succeeded"),
    ]
    assert all(MARKER in each.detail for each in told[:4])
    bus = await cluster.connect("engine")
    for stream in (subjects.JOURNAL, subjects.COMMANDS, subjects.AUDIT, subjects.ALERTS, subjects.DEAD):
        stored = [message async for page in scan(bus, stream, ">") for message in page]
        assert not [message.subject for message in stored if SECRET.encode() in message.data]
    await bus.close()
    # And byte for byte in whatever the server, the actuator and the roles have written: views, bundles, runs, logs.
    kept = {path: path.read_bytes() for path in cluster.folder.rglob("*") if path.is_file()}
    assert {path.name for path, content in kept.items() if SECRET.encode() in content} == {"token", "url"}
    holders = {path.relative_to(cluster.folder).parts[0:2] for path, text in kept.items() if MARKER.encode() in text}
    assert {("state", "nats"), ("state", "actuator"), ("actuator.log",)} <= holders
