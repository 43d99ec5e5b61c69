"""The logins of `deploy/nats` on a real server: each says what it may, and nothing goes where it may not by detours.

Whoever asks a server says where the answer is to go. Such a detour may end in any stream and in the server's own API.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from nats.aio.client import Client

from engine.runtime import kv, lookup
from engine.runtime.asking import ask
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import PermissionDenied
from engine.runtime.workqueue import work
from schemas import subjects
from schemas.subjects import COMMANDS, JOURNAL
from tests.deploy.served import Served, served

FORGED = json.dumps({"kind": "approve", "id": "1", "by": "bob", "command": "c"}).encode()
"""What bob would say."""
GET = "$JS.API.DIRECT.GET.JOURNAL"

ELSEWHERE = (
    "ops.control.approve.bob",
    "ops.events.web2.log",
    "ops.metrics.web2.host",
    "ops.outcomes.process.web2",
    "ops.inventory.web2",
    "ops.commands.process.web1.restart",
    "ops.audit.0",
    "$KV.halt.x",
    "$KV.ledger.x",
    "$KV.leases.x",
    "$O.bundles.M.x",
)
"""Where the agent of web1 and ann have nothing to say, but for ann's halt."""


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as found:
        yield found


async def holds(engine: Bus) -> dict[str, int]:
    """How many messages each stream holds."""
    names = (await engine.api("STREAM.NAMES"))["streams"]
    return {name: (await lookup.stream_state(engine, name)).messages for name in names}


async def settled(client: Client) -> None:
    """All that the client has sent was dealt with: a question after it is answered."""
    await client.flush()
    await asyncio.sleep(0)
    await client.flush()


@pytest.mark.parametrize(
    ("login", "refused"),
    [
        ("agent-web1", ELSEWHERE),
        ("operator-ann", (*(each for each in ELSEWHERE if "halt" not in each), "ops.control.activate.ann")),
        ("actuator-web1", ("ops.events.web1.log", *(each for each in ELSEWHERE if "ledger" not in each))),
    ],
)
async def test_nobody_speaks_for_another(server: Served, login: str, refused: tuple[str, ...]) -> None:
    """What a login has no leave to say is refused: as another person or node, and as engine or actuator."""
    bus = await server.bus(login)
    for subject in refused:
        with pytest.raises(PermissionDenied):
            await bus.publish(subject, b"{}")
    await bus.close()


@pytest.mark.parametrize(
    ("login", "own"), [("agent-web1", "ops.events.web1.log"), ("operator-ann", "ops.control.act.ann")]
)
async def test_no_answer_goes_where_its_asker_may_not_speak(server: Served, login: str, own: str) -> None:
    """What the server answers, such as with a message that one has stored oneself, reaches no stream and no API."""
    engine, client = await server.bus("engine"), await server.raw(login)
    await client.request(own, FORGED)
    await client.request(own, b"")
    await engine.publish("ops.dead.x", b"kept")
    last = (await lookup.stream_state(engine, JOURNAL)).last_seq
    before = await holds(engine)
    targets = (*ELSEWHERE, "$JS.API.STREAM.DELETE.KV_policy", "$JS.API.STREAM.PURGE.DEAD")
    for target in targets:
        for seq in (last - 1, last):
            await client.publish(GET, json.dumps({"seq": seq}).encode(), reply=target)
        await client.publish(f"{GET}.{own}", b"", reply=target)
    await settled(client)
    assert await holds(engine) == before
    for target in targets:
        await client.publish(own, FORGED, reply=target)
    await client.request(own, FORGED)
    assert await holds(engine) == before | {JOURNAL: before[JOURNAL] + len(targets) + 1}
    await client.close()
    await engine.close()


async def test_no_answer_of_ones_own_is_a_leave_to_speak(server: Served) -> None:
    """Who asks himself, in another's place, may not answer there."""
    engine, ann = await server.bus("engine"), await server.raw("operator-ann")
    before = await holds(engine)
    for subject in ("ops.requests.operator.x", "_INBOX_operator-ann.x"):
        await ann.subscribe(subject)
        for target in (*ELSEWHERE, "$JS.API.STREAM.DELETE.KV_policy"):
            await ann.publish(subject, b"", reply=target)
            await ann.publish(target, b"" if "API" in target else FORGED)
    await settled(ann)
    after = await holds(engine)
    assert after == before | {"KV_halt": after["KV_halt"]}  # which is everybody's
    await ann.close()
    await engine.close()


async def test_a_consumer_brings_messages_to_nobody_else(server: Served) -> None:
    """Neither a pull nor a push makes what somebody said once be said again, or something be deleted."""
    engine, ann = await server.bus("engine"), await server.raw("operator-ann")
    await engine.publish("ops.control.resume.bob", FORGED)
    await ann.request("ops.control.act.ann", b"")
    before = await holds(engine)
    for nth, target in enumerate(("ops.control.approve.bob", "$JS.API.STREAM.DELETE.KV_policy", "$KV.ledger.x")):
        pull = {"name": f"pull{nth}", "ack_policy": "none", "mem_storage": True}
        await ann.request(f"$JS.API.CONSUMER.CREATE.JOURNAL.pull{nth}", _consumer(pull))
        await ann.publish(f"$JS.API.CONSUMER.MSG.NEXT.JOURNAL.pull{nth}", b"9", reply=target)
        push = {"name": f"push{nth}", "ack_policy": "none", "deliver_subject": target}
        await ann.request(f"$JS.API.CONSUMER.CREATE.JOURNAL.push{nth}", _consumer(push))
    await settled(ann)
    await engine.api("STREAM.INFO.KV_policy")
    assert await holds(engine) == before
    await ann.close()
    await engine.close()


def _consumer(config: Mapping[str, object]) -> bytes:
    return json.dumps({"stream_name": JOURNAL, "config": config}).encode()


async def test_nobody_who_only_looks_has_a_hand_in_the_queue_of_commands(server: Served) -> None:
    """An agent and a person can neither take a command from it, nor lead an actuator's consumer elsewhere, nor be there
    before an actuator."""
    queue = f"$JS.API.CONSUMER.{{}}.{COMMANDS}.process-web1"
    for login in ("agent-web1", "operator-ann"):
        bus = await server.bus(login)
        for ask_for in ("CREATE", "DURABLE.CREATE", "MSG.NEXT", "DELETE"):
            with pytest.raises(PermissionDenied):
                await bus.publish(queue.format(ask_for), b"{}")
        await bus.close()


async def test_each_role_does_its_work(server: Served) -> None:
    """Readings, commands and their answers, claims, evidence, questions: all that a role needs goes through."""
    engine, agent = await server.bus("engine"), await server.bus("agent-web1")
    actuator, ann = await server.bus("actuator-web1"), await server.bus("operator-ann")
    reading = (await agent.publish("ops.events.web1.log", b"[]")).seq
    found = await lookup.last(agent, JOURNAL, "ops.events.web1.log")
    assert found
    assert found.seq == reading
    await engine.publish(subjects.commands("process", "web1", "restart"), b"do")
    wanted = [subjects.all_commands("process", "web1")]
    async for delivery in work(actuator, COMMANDS, "process-web1", wanted, ack_wait_s=2.0):
        assert await delivery.in_progress()
        assert await delivery.ack()
        break
    assert (await lookup.stream_state(engine, COMMANDS)).messages == 0
    revision = await kv.update(actuator, "ledger", "claim.1", b"mine", revision=0)
    assert await kv.get(actuator, "ledger", "claim.1") == (b"mine", revision)
    assert await kv.get(actuator, "halt", "*") is None
    assert [each.seq async for page in lookup.scan(ann, JOURNAL) for each in page] == [reading]

    async def answer(msg: object) -> None:
        await msg.respond(b"1")  # type: ignore[attr-defined]

    await engine.nc.subscribe(subjects.requests("engine", "status"), cb=answer)
    await engine.nc.flush()
    assert await ask(ann, "engine", "status") == 1
    for bus in (engine, agent, actuator, ann):
        await bus.close()
