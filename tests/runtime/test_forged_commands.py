"""Forged, altered, replayed, expired and unauthorized commands, over a real server, at an actuator of real processes.

Whoever sends them may publish whatever the server takes: what they lack is the engine's key.
"""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from actuators.process import SPEC
from actuators.process.actuator import ProcessConfig
from engine.runtime import streams
from engine.runtime.actuator_host import ActuatorConfig, ActuatorHost
from engine.runtime.bus import Bus
from engine.runtime.claims import Claims
from engine.runtime.claims import Sent as CameAs
from engine.runtime.keys import SigningKey
from engine.runtime.publishing import now_ms
from engine.runtime.refusing import Rate
from schemas import subjects
from schemas.audit import AuditEntry
from schemas.codec import decode
from schemas.commands import Command
from schemas.inventory import Inventory
from schemas.outcomes import Outcome
from schemas.reasons import Reason
from tests.actuators.site import Site
from tests.conftest import ServerUnderTest
from tests.runtime import forging
from tests.runtime.forging import LIMITED, OLD_EPOCH, SCOPE, Forge, Sent, publish_raw, restart, sent
from tests.runtime.roles import KEY, ONCE_S, answered, engine, entry, stored, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

OUTCOMES = subjects.outcomes("process", SCOPE)
UNBELIEVABLE = list(forging.unbelievable())
onsets = count(1000)


class Scene(NamedTuple):
    """A running engine, an actuator that trusts some, and the workload that they are after."""

    bus: Bus
    site: Site
    server: ServerUnderTest

    async def publish(self, forged: Sent) -> int:
        return (await self.bus.publish(forged.subject, forged.data, headers=forged.headers)).seq

    async def carried_out(self, genuine: Sent) -> int:
        """Send what an engine sent, and wait until it is off the queue; its place there."""
        seq = await self.publish(genuine)
        await answered(self.bus, seq)
        return seq

    async def outcomes(self, command: Command) -> list[Outcome]:
        """What the journal holds for this id by now."""
        found = [decode(OUTCOMES, message.data) for message in await stored(self.bus, subjects.JOURNAL, OUTCOMES)]
        return [each for each in found if isinstance(each, Outcome) and each.command == command.id]

    async def generation(self) -> int:
        """How often the workload has been changed, as its actuator last told."""
        inventories = await stored(self.bus, subjects.JOURNAL, subjects.inventory(SCOPE))
        newest = decode(inventories[-1].subject, inventories[-1].data)
        assert isinstance(newest, Inventory)
        (found,) = [target for target in newest.targets if target.id == "workload:w"]
        return int(found.attributes["generation"])

    async def on_record(self, seq: int, reason: Reason) -> AuditEntry:
        """Wait for what the audit says of the message of COMMANDS."""
        return await entry(
            self.bus, lambda found: found.reason is reason and f"message {seq}" in found.detail.replace(":", " ")
        )

    async def starts(self) -> int:
        return sum(self.site.starts().values())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("forged")
    site, server = Site(folder), ServerUnderTest(folder / "nats")
    site.declare()
    await server.up()
    bus, own = await server.connect(), await server.connect("actuator")
    await streams.ensure(bus)
    host = ActuatorConfig(
        scope=SCOPE,
        state_dir=folder / "state",
        plugins={"process": ProcessConfig(workloads=site.file, stop_workloads_on_close=True)},
        trust=forging.allowed,
        refusal_rate=Rate(burst=1000),
        metrics_every_s=ONCE_S,
    )
    running = asyncio.create_task(ActuatorHost(own, host, {"process": SPEC}).run())
    async with engine(server, folder):
        await until(lambda: sum(site.starts().values()) == 2, "the workload to start")
        scene = Scene(bus, site, server)
        # The engine of now has been seen.
        await scene.carried_out(sent(restart(next(onsets), deadline_ms=1)))
        yield scene
    running.cancel()
    await asyncio.wait([running])
    await own.close()
    await bus.close()
    await server.stop()
    site.clear()


@pytest.mark.parametrize(("forge", "reason"), [found[1:] for found in UNBELIEVABLE], ids=[f[0] for f in UNBELIEVABLE])
async def test_what_no_trusted_engine_signed_is_refused_and_on_record(
    scene: Scene, forge: Forge, reason: Reason
) -> None:
    """It leaves the queue without effect, without an outcome for the id it claims, and with an entry of the audit."""
    claimed, starts, generation = restart(next(onsets)), await scene.starts(), await scene.generation()
    seq = await scene.publish(forge(claimed))
    recorded = await scene.on_record(seq, reason)
    await answered(scene.bus, seq)
    assert (recorded.kind, recorded.by, recorded.command) == ("decision", f"actuator@{SCOPE}", "")
    assert await scene.outcomes(claimed) == []
    assert (await scene.starts(), await scene.generation()) == (starts, generation)


async def test_forgeries_of_a_command_do_not_stand_in_its_way(scene: Scene) -> None:
    """Sent before it under its id, and with the id by which the server knows repetitions, they change nothing."""
    starts, generation = await scene.starts(), await scene.generation()
    genuine = restart(next(onsets), condition={"generation": generation})
    for _, forge, _ in UNBELIEVABLE:
        forged = forge(genuine)
        await scene.bus.publish(forged.subject, forged.data, headers=forged.headers)
    await scene.bus.publish(sent(genuine).subject, b"", msg_id=genuine.id)
    await scene.carried_out(sent(genuine))
    (outcome,) = await scene.outcomes(genuine)
    assert (outcome.status, await scene.starts(), await scene.generation()) == ("succeeded", starts + 2, generation + 1)


@pytest.mark.parametrize(
    ("given", "key", "status", "reason"),
    [
        ({}, LIMITED, "refused", Reason.NOT_AUTHORIZED),
        ({"verb": "collect"}, LIMITED, "refused", Reason.NOT_AUTHORIZED),
        ({}, forging.ELSEWHERE, "refused", Reason.NOT_AUTHORIZED),
        ({"target": "replica:w/0"}, forging.ENGINE, "refused", Reason.NOT_AUTHORIZED),
        ({"verb": "reboot"}, forging.ENGINE, "refused", Reason.UNKNOWN_VERB),
        ({"deadline_ms": 1}, forging.ENGINE, "expired", Reason.DEADLINE_PASSED),
        ({"cause": 1}, forging.ENGINE, "refused", Reason.SUPERSEDED),
        ({"condition": {"generation": 0}}, forging.ENGINE, "conflict", Reason.CONDITION_CHANGED),
    ],
    ids=["verb", "target", "scope", "kind of target", "no such verb", "expired", "superseded", "condition"],
)
async def test_what_an_engine_signed_and_may_not_have_done_is_answered(
    scene: Scene, given: dict[str, object], key: SigningKey, status: str, reason: Reason
) -> None:
    """The ladder that waits hears why, once, and nothing happens at the target."""
    starts, generation = await scene.starts(), await scene.generation()
    asked = restart(next(onsets), **given)
    seq = await scene.publish(sent(asked, key))
    await answered(scene.bus, seq)
    (outcome,) = await scene.outcomes(asked)
    assert (outcome.status, outcome.reason) == (status, reason)
    recorded = await entry(scene.bus, lambda found: found.kind == "outcome" and found.command == asked.id)
    assert recorded.state == status
    assert (await scene.starts(), await scene.generation()) == (starts, generation)


@pytest.mark.parametrize(
    "verb", [b"\xff\xfe", b"x" * 4000, "\u202e\u0007".encode()], ids=["no text", "long", "controls"]
)
async def test_a_subject_that_is_no_name_stops_nobody(scene: Scene, verb: bytes) -> None:
    """The server takes nearly any bytes for a subject: the message is refused, and the next command carried out."""
    access = scene.server.credentials.access("engine") if scene.server.credentials else None
    assert access
    await publish_raw(access, b"ops.commands.process.n1." + verb)
    asked = restart(next(onsets), deadline_ms=1)
    await scene.carried_out(sent(asked))
    assert [outcome.status for outcome in await scene.outcomes(asked)] == ["expired"]
    assert await stored(scene.bus, subjects.COMMANDS, ">") == []


async def test_a_command_that_was_answered_is_not_answered_again_to_a_copy(scene: Scene) -> None:
    """Byte for byte the same message: no second effect, no second outcome, an entry of the audit."""
    genuine = restart(next(onsets), condition={"generation": await scene.generation()})
    first = await scene.carried_out(sent(genuine))
    starts = await scene.starts()
    seq = await scene.publish(sent(genuine))
    recorded = await scene.on_record(seq, Reason.REPLAYED)
    assert f"it was answered as message {first}" in recorded.detail
    assert len(await scene.outcomes(genuine)) == 1
    assert await scene.starts() == starts


async def test_a_command_in_hand_is_not_waited_for_by_its_copies(scene: Scene) -> None:
    """Copies of what takes long do not fill the queue until it is done."""
    genuine = restart(next(onsets), condition={"generation": await scene.generation()})
    first = await scene.publish(sent(genuine))
    copies = [await scene.publish(sent(genuine)) for _ in range(3)]
    await answered(scene.bus, first)
    for seq in copies:
        await answered(scene.bus, seq)
    assert [outcome.status for outcome in await scene.outcomes(genuine)] == ["succeeded"]


async def test_an_engine_that_was_replaced_commands_nothing(scene: Scene) -> None:
    """What it signs after the newer one was seen is refused without an outcome: the newer one may send the same."""
    generation = await scene.generation()
    asked = restart(next(onsets), condition={"generation": generation})
    seq = await scene.publish(sent(asked, epoch=OLD_EPOCH))
    await scene.on_record(seq, Reason.FENCED)
    assert (await scene.outcomes(asked), await scene.generation()) == ([], generation)
    await scene.carried_out(sent(asked))
    assert [outcome.status for outcome in await scene.outcomes(asked)] == ["succeeded"]


async def test_an_engine_that_takes_over_gets_the_answer_to_what_was_answered(scene: Scene) -> None:
    """It sends again what may not have been sent, under its own token, and hears what became of it."""
    # Of a shard and a lock of its own, whose tokens nobody else goes by.
    asked, shard = restart(next(onsets), deadline_ms=1, lock="taken over"), "1.4711.2"
    await scene.carried_out(sent(asked, epoch="1", cause=shard))
    again = await scene.carried_out(sent(asked, epoch="2", cause=shard))
    (outcome,) = await scene.outcomes(asked)
    assert outcome.status == "expired"
    assert await Claims(scene.bus, "another", 1, now_ms).take(asked, CameAs(again, 2)) == outcome


async def test_the_key_itself_is_on_no_stream(scene: Scene) -> None:
    """Of the private half not a byte leaves the engine: no message, no header, no bucket holds it."""
    await scene.carried_out(sent(restart(next(onsets), deadline_ms=1)))
    secrets = [key.pem().splitlines()[1] for key in (KEY, forging.ENGINE)]
    for stream in (*subjects.STREAM_SUBJECTS, *(f"KV_{name}" for name in streams.BUCKETS)):
        for message in await stored(scene.bus, stream, ">"):
            assert not any(secret in message.data or secret in str(message.headers).encode() for secret in secrets)
