"""Any process may die at any instant: every incident is healed, no command has its effect twice, and the audit tells
the same story as the workloads' own counters.

`make soak` plays more incidents, from a seed that it prints. A kill cannot test fsync; what a loss of power may take is
said in docs/guarantees.md.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
import pytest_asyncio

from engine.cli.history import Happening, read_audit
from engine.core.snapshot import restore
from engine.core.state import State
from engine.runtime import objects
from engine.runtime.bus import Bus
from engine.runtime.recovery import BUCKET, unpack
from engine.runtime.replay import replay
from schemas.audit import AuditEntry
from schemas.reasons import Reason
from tests.crash.cluster import Cluster, audit_until, known_to_engine, running, until

SEED = int(os.environ.get("REFLEXARC_SEED", "20261121"))
INCIDENTS = int(os.environ.get("REFLEXARC_INCIDENTS", "50"))
VICTIMS = ("agent", "engine", "actuator", "nats-server")
FAST = [f"fast/{replica}" for replica in range(5)]
SLOW = "slow/0"

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Scene(NamedTuple):
    """The running cluster, and an operator's connection to it."""

    cluster: Cluster
    bus: Bus

    async def healed(self, replica: str, times: int) -> None:
        """Wait until that many ladders on the replica have ended verified."""
        what = f"incident {times} of {replica} to be healed"
        await audit_until(self.bus, lambda found: _verified(found, replica) >= times, what)

    async def verified(self, replica: str) -> int:
        return _verified(await read_audit(self.bus), replica)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """A cluster that has been through fifty incidents, with a process killed in each."""
    async with running(tmp_path_factory.mktemp("cluster")) as cluster:
        scene = Scene(cluster, await cluster.connect())
        await known_to_engine(scene.bus, {f"replica:{replica}" for replica in (*FAST, SLOW)})
        await _fifty_incidents(scene)
        yield scene
        await scene.bus.close()


async def _fifty_incidents(scene: Scene) -> None:
    chance = random.Random(SEED)
    for incident in range(INCIDENTS):
        replica, victim = chance.choice(FAST), VICTIMS[incident % len(VICTIMS)]
        healed = await scene.verified(replica)
        scene.cluster.crash(replica)
        # Sensing to verified takes about 1.3 s here: any moment of it, and some after it.
        await asyncio.sleep(chance.uniform(0, 1.5))
        await scene.cluster.kill(victim)
        await scene.cluster.start_again(victim)
        await scene.healed(replica, healed + 1)


async def test_every_incident_is_healed(scene: Scene) -> None:
    """Fifty incidents, fifty verified ladders, whatever was killed meanwhile; nobody had to be paged."""
    happenings = await read_audit(scene.bus)
    assert sum(_verified(happenings, replica) for replica in FAST) >= INCIDENTS
    assert not (scene.cluster.state_dir / "pages.jsonl").exists()


async def test_no_command_has_its_effect_twice(scene: Scene) -> None:
    """By the workloads' own count, no command has started a replica more than once."""
    starts = Counter(scene.cluster.commanded_starts())
    assert len(starts) >= INCIDENTS
    assert max(starts.values()) == 1


async def test_the_audit_tells_the_workloads_story(scene: Scene) -> None:
    """The commands that the audit calls succeeded are those that the workloads say they were started by."""
    happenings = await read_audit(scene.bus)
    succeeded = {f.entry.command for f in happenings if f.entry.kind == "outcome" and f.entry.state == "succeeded"}
    assert succeeded == set(scene.cluster.commanded_starts())
    assert _count(happenings, Reason.REPLAY_DIVERGED) == 0
    assert _count(happenings, Reason.FATE_UNKNOWN) == 0


async def test_a_replay_from_the_start_decides_the_same(scene: Scene) -> None:
    """The whole journal through a new core gives the recorded decisions and command ids, message for message."""
    await _assert_replay_equals_record(scene.bus, State())


async def test_a_replay_from_each_snapshot_decides_the_same(scene: Scene) -> None:
    """From every snapshot that is kept, the rest of the journal gives the recorded decisions."""
    names = list(await objects.names(scene.bus, BUCKET))
    assert names
    for name in names:
        data = await objects.get(scene.bus, BUCKET, name)
        assert data is not None
        _, state = unpack(data)
        await _assert_replay_equals_record(scene.bus, restore(state))


async def test_an_actuator_killed_between_effect_and_outcome_finds_its_effect(scene: Scene) -> None:
    """The replica that it had started is found by its mark: the command succeeds, and nothing is started again."""
    healed, started = await scene.verified(SLOW), scene.cluster.crash(SLOW)
    await until(lambda: scene.cluster.count_starts(SLOW) == started + 1, "the effect")
    await scene.cluster.kill("actuator")
    await scene.cluster.start_again("actuator")
    await scene.healed(SLOW, healed + 1)
    assert scene.cluster.count_starts(SLOW) == started + 1
    outcomes = [found.entry for found in await read_audit(scene.bus) if found.entry.kind == "outcome"]
    assert "found done" in outcomes[-1].detail


async def test_an_effect_slower_than_its_acknowledgement_time_happens_once(scene: Scene) -> None:
    """A start of three seconds, acknowledged after two unless told to wait, is one start."""
    healed, started = await scene.verified(SLOW), scene.cluster.crash(SLOW)
    await scene.healed(SLOW, healed + 1)
    assert scene.cluster.count_starts(SLOW) == started + 1


async def test_a_server_restarted_after_an_acknowledgement_repeats_nothing(scene: Scene) -> None:
    """The bus dies when the command is answered and acknowledged, and comes back: no second effect."""
    replica = FAST[0]
    healed, started = await scene.verified(replica), scene.cluster.crash(replica)
    outcomes = _outcomes(await read_audit(scene.bus))
    await audit_until(scene.bus, lambda found: _outcomes(found) > outcomes, "the outcome")
    await scene.cluster.kill("nats-server")
    await scene.cluster.start_again("nats-server")
    await scene.healed(replica, healed + 1)
    assert scene.cluster.count_starts(replica) == started + 1


async def test_an_engine_away_past_every_deadline_settles_then_heals_all(scene: Scene) -> None:
    """Five replicas die while there is no engine, for longer than any deadline. What the journal decides before the
    absence shows in it has expired; nothing is done until the engine has settled, and then each is restarted once.
    """
    before = {replica: await scene.verified(replica) for replica in FAST}
    seen = len(await read_audit(scene.bus))
    started = {replica: scene.cluster.count_starts(replica) for replica in FAST}
    await scene.cluster.kill("engine")
    for replica in FAST:
        scene.cluster.crash(replica)
    await asyncio.sleep(6)  # command_ttl is 5 s
    await scene.cluster.start_again("engine")
    for replica in FAST:
        await scene.healed(replica, before[replica] + 1)
    assert {replica: scene.cluster.count_starts(replica) - started[replica] for replica in FAST} == dict.fromkeys(
        FAST, 1
    )
    since = [found.entry for found in (await read_audit(scene.bus))[seen:]]
    first_act = next(nth for nth, each in enumerate(since) if (each.state, each.verb) == ("succeeded", "restart"))
    assert Reason.SETTLING in {entry.reason for entry in since[:first_act]}
    # Where the engine is long in coming back, people are told of the silence besides.
    outcomes = Counter(entry.state for entry in since if entry.kind == "outcome" and entry.verb == "restart")
    assert outcomes["succeeded"] == len(FAST)
    assert outcomes.keys() <= {"succeeded", "expired"}
    assert outcomes["expired"] <= len(FAST)


async def _assert_replay_equals_record(bus: Bus, state: State) -> None:
    recorded: dict[int, list[AuditEntry]] = {}
    for found in await read_audit(bus):
        recorded.setdefault(found.seq, []).append(found.entry)
    first_seq = state.seq + 1
    decided = {
        seq: [effect for effect in effects if isinstance(effect, AuditEntry)]
        async for seq, effects in replay(bus, state)
        if effects
    }
    committed = {seq: entries for seq, entries in recorded.items() if seq >= first_seq}
    assert {seq: decided.get(seq) for seq in committed} == committed
    assert [seq for seq in decided if seq <= max(recorded) and seq not in recorded] == []


def _verified(happenings: list[Happening], replica: str) -> int:
    target = f"replica:{replica}"
    return sum(found.entry.reason is Reason.VERIFIED and found.entry.target == target for found in happenings)


def _count(happenings: list[Happening], reason: Reason) -> int:
    return sum(found.entry.reason is reason for found in happenings)


def _outcomes(happenings: list[Happening]) -> int:
    return sum(found.entry.kind == "outcome" for found in happenings)
