"""The bus: stored means stored, once, whatever happens to the server meanwhile."""

import asyncio

import pytest

from engine.runtime import kv, lookup, objects, streams
from engine.runtime.bus import Bus, Message
from engine.runtime.bus_errors import (
    BusClosed,
    BusUnavailable,
    Conflict,
    DigestMismatch,
    StoreFull,
    StreamMismatch,
    TooLarge,
    WrongLastSequence,
)
from schemas.subjects import AUDIT, JOURNAL, audit, events
from tests.conftest import ServerUnderTest


async def stored(bus: Bus, subject: str, stream: str = JOURNAL) -> list[bytes]:
    return [message.data async for page in lookup.scan(bus, stream, subject) for message in page]


async def test_messages_published_together_are_stored_in_their_order(bus: Bus) -> None:
    """One call, one round trip, consecutive sequences."""
    subject = events("order", "x")
    acks = await bus.publish_many([Message(subject, b"%d" % n) for n in range(100)])
    first = acks[0].seq
    assert [ack.seq for ack in acks] == list(range(first, first + 100))
    assert await stored(bus, subject) == [b"%d" % n for n in range(100)]


async def test_the_same_message_id_is_stored_once(bus: Bus) -> None:
    """Publishing again what is stored already gives the sequence it has."""
    subject = events("twice", "x")
    first = await bus.publish(subject, b"a", msg_id="twice")
    again = await bus.publish(subject, b"a", msg_id="twice")
    assert (again.seq, again.duplicate) == (first.seq, True)
    assert await stored(bus, subject) == [b"a"]


async def test_who_comes_second_is_told_both_sequences(bus: Bus) -> None:
    """A message conditional on the newest of its subject is not stored when there is a newer one."""
    subject = audit("second")
    first = await bus.publish(subject, b"a", expect_last_subject_seq=0)
    with pytest.raises(WrongLastSequence) as refused:
        await bus.publish(subject, b"b", expect_last_subject_seq=0)
    assert (refused.value.expected, refused.value.actual) == (0, first.seq)
    assert await stored(bus, subject, AUDIT) == [b"a"]


async def test_a_refused_message_does_not_hold_back_the_others(bus: Bus) -> None:
    """Of several published together, those that can be stored are; the refusal is raised afterwards."""
    subject = events("others", "x")
    refused = Message(subject, b"refused", expect_last_subject_seq=1_000_000)
    with pytest.raises(WrongLastSequence):
        await bus.publish_many([Message(subject, b"a"), refused, Message(subject, b"b")])
    assert await stored(bus, subject) == [b"a", b"b"]


async def test_a_message_beyond_the_limit_is_refused_before_it_is_sent(bus: Bus) -> None:
    """The server would close the connection; the sender gets an error instead, and the connection stays."""
    with pytest.raises(TooLarge, match="more than the server's limit"):
        await bus.publish(events("large", "x"), bytes(8 * 1024 * 1024))
    assert (await bus.publish(events("large", "x"), b"small")).seq


async def test_a_full_store_is_reported_not_retried(bus: Bus) -> None:
    """A stream that the server has no room for is an error for a person."""
    config = {"name": "HUGE", "subjects": ["ops.huge"], "max_bytes": 1 << 60, "storage": "file"}
    with pytest.raises(StoreFull, match="the server cannot store it"):
        await bus.api("STREAM.CREATE.HUGE", config)


async def test_nothing_acknowledged_is_lost_and_nothing_is_stored_twice(
    mortal_server: ServerUnderTest, mortal_bus: Bus
) -> None:
    """Publishers go on through three kills of the server, and every message is stored exactly once."""
    subject, count = events("n1", "kill"), 600
    acked: list[bytes] = []
    milestones = {n: asyncio.Event() for n in (100, 250, 400)}

    async def publish() -> None:
        for n in range(count):
            await mortal_bus.publish(subject, b"%d" % n)
            acked.append(b"%d" % n)
            if n in milestones:
                milestones[n].set()

    publishing = asyncio.create_task(publish())
    for milestone in milestones.values():
        await milestone.wait()
        await mortal_server.kill()
        await mortal_server.up()
    await publishing
    assert acked == [b"%d" % n for n in range(count)]
    assert await stored(mortal_bus, subject) == acked


async def test_a_compare_and_set_whose_answer_was_lost_still_succeeds(
    mortal_server: ServerUnderTest, mortal_bus: Bus
) -> None:
    """Our own first attempt does not count as somebody else's: a chain of conditional messages survives kills."""
    subject, seqs = audit("chain"), [0]
    milestones = {n: asyncio.Event() for n in (50, 120)}

    async def chain() -> None:
        for n in range(300):
            ack = await mortal_bus.publish(subject, b"%d" % n, expect_last_subject_seq=seqs[-1])
            seqs.append(ack.seq)
            if n in milestones:
                milestones[n].set()

    chaining = asyncio.create_task(chain())
    for milestone in milestones.values():
        await milestone.wait()
        await mortal_server.kill()
        await mortal_server.up()
    await chaining
    assert await stored(mortal_bus, subject, AUDIT) == [b"%d" % n for n in range(300)]


async def test_a_caller_may_stop_waiting(mortal_server: ServerUnderTest, mortal_bus: Bus) -> None:
    """While the server is away a caller with a deadline gets TimeoutError, and one without gets its answer later."""
    await mortal_server.kill()
    patient = asyncio.create_task(mortal_bus.publish(events("n1", "x"), b"patient"))
    with pytest.raises(TimeoutError):
        await mortal_bus.publish(events("n1", "x"), b"hurried", timeout_s=0.01)
    await mortal_server.up()
    assert (await patient).seq


async def test_closing_wakes_whoever_waits(mortal_server: ServerUnderTest, mortal_bus: Bus) -> None:
    """Nobody waits for ever on a connection that was given up."""
    await mortal_server.kill()
    waiting = asyncio.create_task(mortal_bus.publish(events("n1", "x"), b"a"))
    await asyncio.sleep(0)
    await mortal_bus.close()
    with pytest.raises(BusClosed):
        await waiting


async def test_a_server_that_is_not_there_is_named() -> None:
    """Whoever gives a wrong URL is told that nobody answers at it."""
    with pytest.raises(BusUnavailable, match=r"cannot connect to nats://127\.0\.0\.1:1 as anybody"):
        await Bus.connect("nats://127.0.0.1:1", name="test", timeout_s=0.2)


async def test_streams_are_made_once(bus: Bus) -> None:
    """Ensuring a second time changes nothing."""
    names = (await bus.api("STREAM.NAMES"))["streams"]
    before = [(await bus.api(f"STREAM.INFO.{name}"))["config"] for name in names]
    await streams.ensure(bus)
    assert [(await bus.api(f"STREAM.INFO.{name}"))["config"] for name in names] == before


async def test_streams_follow_a_changed_setting_and_name_one_that_cannot_change(mortal_bus: Bus) -> None:
    """A new retention age is applied; a stream of another kind is an error that says so."""
    await streams.ensure(mortal_bus, journal_max_age_days=1, journal_max_bytes=1 << 20)
    config = (await mortal_bus.api("STREAM.INFO.JOURNAL"))["config"]
    assert (config["max_age"], config["max_bytes"]) == (24 * 3600 * 10**9, 1 << 20)

    await mortal_bus.api("STREAM.DELETE.DEAD")
    await mortal_bus.api("STREAM.CREATE.DEAD", {"name": "DEAD", "subjects": ["ops.dead.>"], "storage": "memory"})
    with pytest.raises(StreamMismatch, match=r"stream DEAD exists and cannot be given .*storage: file"):
        await streams.ensure(mortal_bus)


async def test_only_one_of_two_changes_a_key(bus: Bus) -> None:
    """Compare-and-set: who read an old revision gets Conflict, and the value stays."""
    key = "tests of the bus/replica:shop.0"
    created = await kv.create(bus, "ledger", key, b"a")
    with pytest.raises(Conflict, match=r"replica:shop\.0"):
        await kv.create(bus, "ledger", key, b"b")
    updated = await kv.update(bus, "ledger", key, b"c", revision=created)
    with pytest.raises(Conflict):
        await kv.update(bus, "ledger", key, b"d", revision=created)
    assert await kv.get(bus, "ledger", key) == (b"c", updated)


async def test_a_deleted_key_is_absent_and_can_be_created_again(mortal_bus: Bus) -> None:
    """Deletion leaves no value behind, neither for readers nor for who creates."""
    revision = await kv.create(mortal_bus, "halt", "*", b"{}")
    await kv.put(mortal_bus, "halt", "workload:shop", b"{}")
    with pytest.raises(Conflict):
        await kv.delete(mortal_bus, "halt", "*", revision=revision + 1)
    await kv.delete(mortal_bus, "halt", "*", revision=revision)
    assert await kv.get(mortal_bus, "halt", "*") is None
    assert await kv.keys(mortal_bus, "halt") == ["workload:shop"]
    await kv.create(mortal_bus, "halt", "*", b"again")
    assert (await kv.entries(mortal_bus, "halt"))["*"].value == b"again"


@pytest.mark.parametrize("size", [0, 1, 128 * 1024, 1_000_000])
async def test_objects_are_read_as_they_were_stored(bus: Bus, size: int) -> None:
    """Whatever the number of chunks, the content comes back; deleted, it is gone."""
    name, data = f"of {size} bytes", bytes(n % 251 for n in range(size))
    await objects.put(bus, "snapshots", name, b"replaced")
    await objects.put(bus, "snapshots", name, data)
    assert await objects.get(bus, "snapshots", name) == data
    assert (await objects.names(bus, "snapshots"))[name].size == size
    await objects.delete(bus, "snapshots", name)
    assert await objects.get(bus, "snapshots", name) is None
    assert name not in await objects.names(bus, "snapshots")


async def test_an_object_with_a_missing_chunk_is_not_returned(bus: Bus) -> None:
    """Content that does not have the stored digest is an error, not data."""
    stored = await objects.put(bus, "evidence", "broken", b"content")
    await bus.api("STREAM.PURGE.OBJ_evidence", {"filter": f"$O.evidence.C.{stored.nuid}"})
    with pytest.raises(DigestMismatch, match="'broken' of 'evidence'"):
        await objects.get(bus, "evidence", "broken")
