"""A response from end to end, and through deaths: evidence is kept under the digest that the audit names, the workload
stands still for as long as it is to, and each isolation is undone once.
"""

import asyncio
import json
import os
import random
import tarfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from engine.cli.history import Happening, read_audit
from engine.runtime import objects
from engine.runtime.bus import Bus
from engine.runtime.evidence import BUCKET
from schemas.reasons import Reason
from tests.crash.cluster import Cluster, audit_until, known_to_engine, running

SEED = int(os.environ.get("REFLEXARC_SEED", "20261121"))
VICTIMS = ("actuator", "engine", "nats-server", "actuator")
FAST = [f"fast/{replica}" for replica in range(5)]
REVERT_AFTER_S = 3

RULES = """\
groups:
  - name: crash
    rules:
      - alert: Intruder
        expr: up{workload="slow"} == 0
      - respond: Contain
        alert: Intruder
        mode: auto
        cooldown: 0s
        steps:
          - collect: {workload: fast}
          - isolate: {workload: fast, revert_after: 3s}
          - page: {receiver: oncall}
      - heal: RestartSlow
        alert: Intruder
        mode: auto
        cooldown: 0s
        steps:
          - restart: {workload: slow, replica: "0"}
      - alert: Missing
        expr: workload_replica_isolated{workload="fast"} == 1
      - heal: RestartMissing
        alert: Missing
        mode: auto
        cooldown: 0s
        steps:
          - restart: {workload: fast, replica: "{{ $labels.replica }}"}
"""

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Scene:
    """A cluster that responds, and an operator's connection to it."""

    def __init__(self, cluster: Cluster, bus: Bus) -> None:
        self.cluster = cluster
        self.bus = bus

    async def count(self, reason: Reason) -> int:
        return _count(await read_audit(self.bus), reason)

    async def until(self, reason: Reason, times: int) -> None:
        """Wait until the audit has the reason so often."""
        await audit_until(self.bus, lambda found: _count(found, reason) >= times, f"{reason}, {times} times")

    def fast(self) -> list[str]:
        """What the processes of the workload are doing."""
        return [self.cluster.replica(name).status() for name in FAST]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """A cluster in which the alert has fired once, and nobody died."""
    async with running(tmp_path_factory.mktemp("respond"), RULES) as cluster:
        bus = await cluster.connect()
        scene = Scene(cluster, bus)
        await known_to_engine(bus, {f"replica:{replica}" for replica in (*FAST, "slow/0")})
        cluster.crash("slow/0")
        yield scene
        await bus.close()


async def test_a_workload_stands_still_until_its_time_is_over(scene: Scene) -> None:
    """It is frozen, what would heal it is held by name, and it goes on by itself as the processes it was."""
    pids = [scene.cluster.replica(name).pid for name in FAST]
    await scene.until(Reason.REVERT_SCHEDULED, 1)
    assert scene.fast() == [psutil.STATUS_STOPPED] * 5
    await scene.until(Reason.ISOLATED, 5)
    await scene.until(Reason.REVERTED, 1)
    await scene.until(Reason.RESPONDED, 1)
    assert [scene.cluster.replica(name).pid for name in FAST] == pids
    assert psutil.STATUS_STOPPED not in scene.fast()
    isolated, released = [_time_ms(await read_audit(scene.bus), verb) for verb in ("isolate", "release")]
    assert released - isolated >= REVERT_AFTER_S * 1000


async def test_the_audit_names_the_evidence_by_its_digest(scene: Scene, tmp_path: Path) -> None:
    """It is listed, shown and saved by that; and `why` tells the whole story from any id of it."""
    (known,) = [found.entry for found in await read_audit(scene.bus) if found.entry.evidence][:1]
    assert known.evidence
    listed = json.loads((await asyncio.to_thread(scene.cluster.run, "evidence", "list", "--json")).stdout)
    assert (listed[0]["sha256"], listed[0]["target"], listed[0]["kept"]) == (
        known.evidence.sha256,
        "workload:fast",
        True,
    )
    file = tmp_path / "bundle.tar.gz"
    saved = await asyncio.to_thread(scene.cluster.run, "evidence", "save", known.evidence.name[:8], "--to", str(file))
    assert saved.returncode == 0, saved.stderr
    with tarfile.open(file) as archive:
        names = archive.getnames()
    assert names[0] == "manifest.json"
    assert {"processes.jsonl", "connections.jsonl", "environment.jsonl", "log.4.txt"} <= set(names)
    shown = await asyncio.to_thread(scene.cluster.run, "evidence", "show", known.evidence.name[:8])
    assert "as the audit says" in shown.stdout
    story = (await asyncio.to_thread(scene.cluster.run, "why", known.command[:12])).stdout
    assert known.evidence.sha256 in story
    assert all(reason in story for reason in ("REVERT_SCHEDULED", "RESPONDED", "REVERT_DUE", "REVERTED"))


async def test_evidence_that_is_not_what_the_audit_says_is_shown_to_nobody(scene: Scene) -> None:
    """Whoever replaces a bundle on the bus has not replaced the audit."""
    asked = await asyncio.to_thread(scene.cluster.run, "collect", "fast/1", "evidence=processes")
    assert asked.returncode == 0, asked.stdout + asked.stderr
    newest = [found.entry.evidence for found in await read_audit(scene.bus) if found.entry.evidence][-1]
    assert newest
    engine = await scene.cluster.connect("engine")
    await objects.put(engine, BUCKET, newest.name, b"nothing to see here")
    await engine.close()
    shown = await asyncio.to_thread(scene.cluster.run, "evidence", "show", newest.name)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "is not what the audit says" in shown.stderr


async def test_a_person_isolates_looks_and_releases_early(scene: Scene) -> None:
    """What is released before its time needs no undo, and nobody is told that it failed."""
    scheduled = await scene.count(Reason.REVERT_SCHEDULED)
    for words, status in (
        (("isolate", "fast", "revert_after=6s"), psutil.STATUS_STOPPED),
        (("release", "fast"), psutil.STATUS_SLEEPING),
    ):
        asked = await asyncio.to_thread(scene.cluster.run, *words)
        assert asked.returncode == 0, asked.stdout + asked.stderr
        assert scene.fast() == [status] * 5
    await scene.until(Reason.REVERT_SCHEDULED, scheduled + 1)
    await scene.until(Reason.NOTHING_TO_DO, 1)
    assert await scene.count(Reason.NOT_REVERTED) == 0


async def test_a_person_scales_for_a_while(scene: Scene) -> None:
    """The undo knows how many there were, and the sixth has lived for a second."""
    reverted = await scene.count(Reason.REVERTED)
    asked = await asyncio.to_thread(scene.cluster.run, "scale", "fast", "replicas=6", "revert_after=1s")
    assert asked.returncode == 0, asked.stdout + asked.stderr
    sixth = scene.cluster.replica("fast/5")
    await scene.until(Reason.REVERTED, reverted + 1)
    assert not sixth.is_running()
    assert scene.cluster.count_starts("fast/5") == 1
    told = [each.entry.detail for each in await read_audit(scene.bus) if each.entry.reason is Reason.REVERT_DUE]
    assert told[-1].startswith("scale workload:fast replicas=5 if generation = ")


async def test_whoever_dies_each_isolation_is_undone_once(scene: Scene) -> None:
    """The actuator between effect and outcome, the engine before the time is over, the bus at any moment."""
    chance = random.Random(SEED)
    for incident, victim in enumerate(VICTIMS):
        await scene.until(Reason.VERIFIED, incident + 1)  # the slow one is back from the one before
        reverted = await scene.count(Reason.REVERTED)
        scene.cluster.crash("slow/0")
        await asyncio.sleep(chance.uniform(0, 1.5))
        await scene.cluster.kill(victim)
        await scene.cluster.start_again(victim)
        await scene.until(Reason.REVERTED, reverted + 1)
    found = await read_audit(scene.bus)
    outcomes = Counter(
        (each.entry.verb, each.entry.state) for each in found if each.entry.kind == "outcome" and each.entry.ladder
    )
    rules = Counter(each.entry.verb for each in found if each.entry.reason is Reason.REVERTED)
    assert rules["release"] == 1 + len(VICTIMS)
    assert outcomes["isolate", "succeeded"] == outcomes["release", "succeeded"]
    assert not any(status in ("failed", "unknown") for _, status in outcomes)
    assert _count(found, Reason.REPLAY_DIVERGED) == 0
    assert psutil.STATUS_STOPPED not in scene.fast()
    assert scene.cluster.count_starts("fast/0") == 1


def _count(found: list[Happening], reason: Reason) -> int:
    """How often a decision has the reason."""
    return sum(each.entry.reason is reason and each.entry.kind == "decision" for each in found)


def _time_ms(found: list[Happening], verb: str) -> int:
    """When the first outcome of the verb was decided on, or its first command sent."""
    kind = "outcome" if verb == "isolate" else "command"
    return next(each.time_ms for each in found if each.entry.kind == kind and each.entry.verb == verb)
