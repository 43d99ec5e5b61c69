"""Bad input: whatever a peer sends, it lies in DEAD with its reason, it is counted, and nothing else changes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import msgspec
import pytest
import pytest_asyncio

from engine.runtime import streams
from engine.runtime.bus import Bus
from engine.runtime.dead import HEADER_ORIGIN, HEADER_REASON
from engine.runtime.lookup import last
from engine.runtime.publishing import now_ms
from engine.runtime.received import Received
from schemas import subjects
from schemas.codec import encode
from schemas.commands import HEADER_EPOCH
from schemas.control import Tick
from schemas.events import Event, Events
from schemas.inventory import Inventory
from schemas.outcomes import Outcome
from schemas.samples import SampleBatch, layout_digest, pack_values
from tests.conftest import ServerUnderTest
from tests.runtime.probe import NAME, Probe, command
from tests.runtime.roles import (
    PATIENCE_S,
    POLL_S,
    actuator,
    answered,
    engine,
    messages,
    outcomes,
    send,
    signed,
    status,
    stored,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

UP = [(("__name__", "up"),)]
DEEP = b'{"id":"1","source":"s","type":"t","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def batch(**given: Any) -> bytes:
    usual: dict[str, Any] = {
        "time_ms": now_ms(),
        "layout": layout_digest(UP),
        "values": pack_values([1.0]),
        "series": UP,
    }
    return encode(SampleBatch(**(usual | given)))


def outcome(**given: Any) -> bytes:
    usual = {"command": "c", "actuator": "process", "scope": "n1", "verb": "restart", "target": "t", "executor": "x"}
    return encode(Outcome(**(usual | given), status="succeeded", started_ms=0, finished_ms=0))


def control(kind: str, **fields: Any) -> bytes:
    return msgspec.json.encode({"kind": kind, "id": "i", "by": "ann"} | fields)


TWICE = [*UP, *UP]
UNSORTED = [(("job", "x"), ("__name__", "up"))]
JOURNALED = {
    "metrics: no MessagePack": (subjects.metrics("n1", "host"), b"\xc1", "malformed"),
    "metrics: another message": (subjects.metrics("n1", "host"), msgspec.msgpack.encode({"kind": "tick"}), "kind"),
    "metrics: half a number": (subjects.metrics("n1", "host"), batch(values=b"1234567"), "multiple of 8 bytes"),
    "metrics: too few numbers": (subjects.metrics("n1", "host"), batch(values=b""), "expected 1 samples, got 0"),
    "metrics: unknown layout": (subjects.metrics("n1", "x"), batch(layout="nobody", series=None), "never sent"),
    "metrics: another's layout": (subjects.metrics("n1", "x"), batch(layout="nobody"), "not the digest"),
    "metrics: a series twice": (
        subjects.metrics("n1", "x"),
        batch(series=TWICE, layout=layout_digest(TWICE), values=pack_values([1, 2])),
        "twice",
    ),
    "metrics: labels unsorted": (
        subjects.metrics("n1", "x"),
        batch(series=UNSORTED, layout=layout_digest(UNSORTED)),
        "not sorted",
    ),
    "events: no JSON": (subjects.events("n1", "log"), b"Nov 21 sshd[1]: Failed password", "malformed"),
    "events: empty": (subjects.events("n1", "log"), b"", "truncated"),
    "events: a field missing": (
        subjects.events("n1", "log"),
        b'{"id":"1","source":"s","specversion":"1.0"}',
        "$: Object missing required field `type`",
    ),
    "events: all of several": (subjects.events("n1", "log"), b"[5,{}]", "$[0]: expected a CloudEvent, another JSON"),
    "events: a number": (subjects.events("n1", "log"), b"5", "got a number"),
    "events: another version": (
        subjects.events("n1", "log"),
        b'{"id":"1","source":"s","type":"t","specversion":"0.3"}',
        "$.specversion",
    ),
    "events: nested beyond reason": (subjects.events("n1", "log"), DEEP, "recursion"),
    "outcomes: no JSON": (subjects.outcomes("process", "n1"), b"done", "malformed"),
    "outcomes: unknown status": (
        subjects.outcomes("process", "n1"),
        outcome().replace(b"succeeded", b"perhaps"),
        "perhaps",
    ),
    "outcomes: for another node": (subjects.outcomes("process", "n1"), outcome(scope="n2"), "process.n2"),
    "outcomes: for another actuator": (subjects.outcomes("process", "n1"), outcome(actuator="page"), "page.n1"),
    "inventory: a list": (subjects.inventory("n1"), b"[]", "Expected `object`"),
    "inventory: of another node": (
        subjects.inventory("n1"),
        encode(Inventory(actuator="process", scope="n2", targets=())),
        "'n2'",
    ),
    "ticks: no interval": (subjects.ticks("0"), b'{"kind":"tick","shard":"0"}', "interval_ms"),
    "ticks: of another shard": (subjects.ticks("1"), encode(Tick(shard="0", interval_ms=50)), "'0'"),
    "control: halt by nobody": (subjects.control("halt", "ann"), b'{"kind":"halt","id":"1"}', "by"),
    "control: another's kind": (subjects.control("resume", "ann"), control("halt"), "halt"),
    "control: approval of a number": (subjects.control("approve", "ann"), control("approve", command=7), "$.command"),
    "control: unknown bundle": (subjects.control("activate", "ann"), control("activate", bundle="0" * 64), "bundle"),
    "control: arguments of an act": (
        subjects.control("act", "ann"),
        control("act", verb="restart", args={"replica": 1}),
        "$.args",
    ),
    "control: by another": (subjects.control("halt", "bob"), control("halt"), "halt.bob"),
    "control: unknown verb": (subjects.control("dance", "ann"), control("dance"), "ops.control.dance.ann"),
    "control: a verb of two words": ("ops.control.halt.ann.now", control("halt"), "ann.now"),
    "outcomes: a subject of one word": ("ops.outcomes.process", outcome(), "process.n1"),
}

NODE_COMMAND = subjects.commands(NAME, "n1", "turn")
COMMANDED: dict[str, tuple[str, bytes, dict[str, str], str]] = {
    "no JSON": (NODE_COMMAND, b"turn it", {}, "malformed"),
    "a field missing": (NODE_COMMAND, b'{"id":"c"}', {}, "missing required field"),
    "another verb": (NODE_COMMAND, encode(command("n1", "hurry")), {}, "ops.commands.probe.n1.hurry"),
    "another scope": (NODE_COMMAND, encode(command("n2")), {}, "ops.commands.probe.n2.turn"),
    "another actuator": (NODE_COMMAND, encode(command("n1", actuator="process")), {}, "ops.commands.process.n1.turn"),
    "no epoch": (NODE_COMMAND, encode(command("n1")), {HEADER_EPOCH: "new"}, 'expected a number, got "new"'),
}
"""All are signed as they are: what is not has tests of its own."""


GOOD = Event(id="1", source="s", type="t")


class Scene(NamedTuple):
    """A running engine and actuator, and a connection of the test's own."""

    bus: Bus
    probe: Probe

    async def buried(self, stream: str, seq: int, subject: str) -> Received:
        """Wait for the message in DEAD."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = await last(self.bus, subjects.DEAD, subjects.dead(subject))
                if found and found.headers[HEADER_ORIGIN] == f"{stream}.{seq}":
                    return found
                await asyncio.sleep(POLL_S)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder = tmp_path_factory.mktemp("dead")
    server = ServerUnderTest(folder / "nats")
    await server.up()
    bus, probe = await server.connect(), Probe()
    await streams.ensure(bus)
    async with engine(server, folder), actuator(server, folder / "actuator", "n1", probe):
        # What the roles publish of themselves brings new series, too, and so does the first event, within a while.
        own = [subjects.metrics("n1", subjects.own_source(role)) for role in ("engine", "actuator")]
        started = await messages(bus, subjects.JOURNAL, 3, subjects.inventory("n1"), *own)
        known = (await status(bus, applied_seq=started[-1].seq))["series"]
        await bus.publish(subjects.events("n1", "good"), encode(Events((GOOD,))))
        async with asyncio.timeout(PATIENCE_S):
            while (await status(bus))["series"] == known:
                await asyncio.sleep(POLL_S)
        yield Scene(bus, probe)
    await bus.close()
    await server.stop()


def _known(answer: dict[str, Any]) -> dict[str, Any]:
    """What a bad message must not change."""
    return {name: answer[name] for name in ("series", "events", "rules", "halts", "inventory")}


def _counted(answer: dict[str, Any], subject: str) -> float:
    kind = subject.split(".")[1]
    counted: float = answer["metrics"].get(f'reflexarc_dead_messages_total{{kind="{kind}"}}', 0)
    return counted


@pytest.mark.parametrize(("subject", "data", "reason"), JOURNALED.values(), ids=JOURNALED.keys())
async def test_what_cannot_be_applied_lies_in_dead_and_the_loop_goes_on(
    scene: Scene, subject: str, data: bytes, reason: str
) -> None:
    """Its bytes and its reason are kept, it counts once, nothing changes, and the next good message is applied."""
    before = await status(scene.bus)
    bad = await scene.bus.publish(subject, data)
    found = await scene.buried(subjects.JOURNAL, bad.seq, subject)
    assert found.data == data
    assert reason.lower() in found.headers[HEADER_REASON].lower()

    good = await scene.bus.publish(subjects.events("n1", "good"), encode(Events((GOOD,))))
    after = await status(scene.bus, applied_seq=good.seq)
    assert _counted(after, subject) == _counted(before, subject) + 1
    assert _known(after) == _known(before) | {"events": before["events"] + 1}


async def test_what_is_no_event_costs_the_others_of_its_message_nothing(scene: Scene) -> None:
    """They are applied; the message lies in DEAD too, with what was left out and why, and counts once."""
    subject = subjects.events("n1", "several")
    before = await status(scene.bus)
    mixed = await scene.bus.publish(
        subject, b'[{"id":"1","source":"s","type":"t"},5,{"type":"t","message":"hello"},{}]'
    )
    found = await scene.buried(subjects.JOURNAL, mixed.seq, subject)
    reason = found.headers[HEADER_REASON]
    assert ("$[1]: " in reason, "$[3]: " in reason, "$[0]" in reason) == (True, True, False)
    after = await status(scene.bus, applied_seq=mixed.seq)
    assert after["events"] == before["events"] + 2
    assert _counted(after, subject) == _counted(before, subject) + 1


async def test_a_message_that_leaves_no_room_for_its_reason_is_cut_off(scene: Scene) -> None:
    """The largest message that the server takes can be buried, too."""
    subject, largest = subjects.events("n1", "large"), scene.bus.nc.max_payload - 200
    bad = await scene.bus.publish(subject, b"x" * largest)
    found = await scene.buried(subjects.JOURNAL, bad.seq, subject)
    assert largest - 5000 < len(found.data) < largest
    await status(scene.bus, applied_seq=bad.seq + 1)


@pytest.mark.parametrize(("subject", "data", "headers", "reason"), COMMANDED.values(), ids=COMMANDED.keys())
async def test_what_is_no_command_is_never_carried_out(
    scene: Scene, subject: str, data: bytes, headers: dict[str, str], reason: str
) -> None:
    """It leaves the queue for DEAD, without effect, and a good command after it is carried out."""
    acted = len(scene.probe.acted)
    said = signed(subject, data, epoch=headers.get(HEADER_EPOCH, "1"))
    bad = await scene.bus.publish(subject, data, headers=said)
    found = await scene.buried(subjects.COMMANDS, bad.seq, subject)
    assert found.data == data
    assert reason in found.headers[HEADER_REASON]
    await answered(scene.bus, bad.seq)

    good = command("n1", cause=bad.seq)
    await send(scene.bus, good)
    assert (await outcomes(scene.bus, "n1", acted + 1))[-1].status == "succeeded"
    assert scene.probe.acted[acted:] == [good.id]


async def test_each_is_buried_once(scene: Scene) -> None:
    """No message lies in DEAD twice."""
    origins = [found.headers[HEADER_ORIGIN] for found in await stored(scene.bus, subjects.DEAD, ">")]
    assert len(origins) == len(set(origins)) > 0
