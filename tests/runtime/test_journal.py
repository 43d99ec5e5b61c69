"""Readers and workers: in order, without gaps, at once, and on after the server's death."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from time import perf_counter

import pytest

from engine.runtime import lookup
from engine.runtime.bus import Bus, Message
from engine.runtime.bus_errors import ApiError, Lost, StreamBehind
from engine.runtime.journal import read
from engine.runtime.pull import MOST_ASKED, open_pull
from engine.runtime.received import Received
from engine.runtime.workqueue import Delivery, work
from schemas.subjects import COMMANDS, JOURNAL, commands, events
from tests.conftest import ServerUnderTest


async def take(batches: AsyncIterator[Sequence[Received]], count: int) -> list[Received]:
    taken: list[Received] = []
    while len(taken) < count:
        taken.extend(await anext(batches))
    return taken


async def test_a_reader_gets_what_is_stored_and_what_comes(bus: Bus) -> None:
    """From a sequence on, in order: first the past, then the present, with subject, time and headers."""
    subject = events("reader", "x")
    first = (await bus.publish_many([Message(subject, b"%d" % n) for n in range(1000)]))[0].seq
    async with aclosing(read(bus, JOURNAL, start_seq=first, subjects=[subject])) as batches:
        past = await take(batches, 1000)
        assert [message.data for message in past] == [b"%d" % n for n in range(1000)]
        ack = await bus.publish(subject, b"now", headers={"Reflexarc-Cause": "7"})
        (present,) = await take(batches, 1)
    assert (present.subject, present.data, present.seq) == (subject, b"now", ack.seq)
    assert present.headers["Reflexarc-Cause"] == "7"
    assert present == await lookup.get(bus, JOURNAL, ack.seq)
    assert present == await lookup.last(bus, JOURNAL, subject)


async def test_a_message_is_delivered_the_moment_it_is_stored(bus: Bus) -> None:
    """Publishing and having it delivered takes about a round trip: no timer lies between."""
    subject = events("moment", "x")
    first = (await bus.publish(subject, b"")).seq
    async with aclosing(read(bus, JOURNAL, start_seq=first, subjects=[subject])) as batches:
        await take(batches, 1)
        published, delivered = [], []
        for _ in range(100):
            start = perf_counter()
            publishing = asyncio.create_task(bus.publish(subject, b""))
            await take(batches, 1)
            delivered.append(perf_counter() - start)
            await publishing
            published.append(perf_counter() - start)
    assert sorted(delivered)[50] < 3 * sorted(published)[50]


async def test_a_reader_sees_every_sequence_once_through_kills(mortal_server: ServerUnderTest, mortal_bus: Bus) -> None:
    """The server is killed twice in mid-stream; the reader goes on exactly after its last message."""
    count, subject = 800, events("n1", "x")
    kill_after = [200, 500]
    reading_bus = await mortal_server.connect()
    publishing = asyncio.create_task(_publish_all(mortal_bus, subject, count))
    seqs: list[int] = []
    async with aclosing(read(reading_bus, JOURNAL)) as batches:
        while len(seqs) < count:
            seqs.extend(message.seq for message in await anext(batches))
            if kill_after and len(seqs) >= kill_after[0]:
                kill_after.pop(0)
                await mortal_server.kill()
                await mortal_server.up()
    await publishing
    await reading_bus.close()
    assert seqs == list(range(1, count + 1))


async def _publish_all(bus: Bus, subject: str, count: int) -> None:
    for n in range(count):
        await bus.publish(subject, b"%d" % n)


async def test_a_reader_whose_consumer_vanishes_goes_on(bus: Bus) -> None:
    """A consumer deleted behind its reader's back is made again, and nothing is missed."""
    subject = events("vanish", "x")
    first = (await bus.publish(subject, b"a")).seq
    async with aclosing(read(bus, JOURNAL, start_seq=first, subjects=[subject])) as batches:
        await take(batches, 1)
        for name in (await bus.api("CONSUMER.NAMES.JOURNAL"))["consumers"]:
            await bus.api(f"CONSUMER.DELETE.JOURNAL.{name}")
        await bus.publish(subject, b"b")
        assert [message.data for message in await take(batches, 1)] == [b"b"]


async def test_reading_beyond_the_end_is_an_error(bus: Bus) -> None:
    """A stream that ends before what was read of it was lost: reading on would hide that."""
    last_seq = (await lookup.stream_state(bus, JOURNAL)).last_seq
    with pytest.raises(StreamBehind, match=f"ends at {last_seq}"):
        await anext(read(bus, JOURNAL, start_seq=last_seq + 2))
    with pytest.raises(ApiError, match="stream not found"):
        await anext(read(bus, "NOWHERE"))


async def test_what_is_not_there_is_none(bus: Bus) -> None:
    """Looking up a sequence or a subject that the stream does not hold is no error."""
    assert await lookup.get(bus, JOURNAL, 1 << 40) is None
    assert await lookup.last(bus, JOURNAL, events("nobody", "x")) is None


async def test_a_worker_gets_a_command_until_it_has_acknowledged_it(bus: Bus) -> None:
    """Refused for now it comes again, counted; acknowledged or terminated it is gone."""
    subject = commands("test", "again", "restart")
    await bus.publish(subject, b"a", headers={"Reflexarc-Epoch": "3"})
    async with aclosing(work(bus, COMMANDS, "again", [subject], ack_wait_s=30)) as deliveries:
        first = await anext(deliveries)
        await first.in_progress()
        await first.nak()
        second = await anext(deliveries)
        assert (first.num_delivered, second.num_delivered) == (1, 2)
        assert (second.data, second.headers["Reflexarc-Epoch"]) == (b"a", "3")
        await second.ack()
        assert await lookup.last(bus, COMMANDS, subject) is None
        await bus.publish(subject, b"b")
        await (await anext(deliveries)).term("undecodable")
        assert await lookup.last(bus, COMMANDS, subject) is None


async def test_an_actuator_is_allowed_to_work(nats_server: ServerUnderTest, bus: Bus) -> None:
    """The actuator's permissions are enough to take a command, look at it and acknowledge it."""
    subject = commands("test", "allowed", "restart")
    await bus.publish(subject, b"a")
    actuator = await nats_server.connect("actuator")
    async with aclosing(work(actuator, COMMANDS, "allowed", [subject], ack_wait_s=30)) as deliveries:
        await (await anext(deliveries)).ack()
    await actuator.close()


async def test_an_acknowledged_command_stays_so_through_a_kill(mortal_server: ServerUnderTest, mortal_bus: Bus) -> None:
    """Killed right after an acknowledgement, the server does not deliver that command again; the next one it does."""
    subject = commands("test", "n1", "restart")
    await mortal_bus.publish_many([Message(subject, b"a"), Message(subject, b"b")])
    async with aclosing(work(mortal_bus, COMMANDS, "n1", [subject], ack_wait_s=0.5)) as deliveries:
        assert await (await anext(deliveries)).ack()
        await mortal_server.kill()
        await mortal_server.up()
        assert await until_acknowledged(deliveries) == {b"b"}
    state = await lookup.stream_state(mortal_bus, COMMANDS)
    assert (state.messages, state.last_seq) == (0, 2)


async def test_an_acknowledgement_waits_for_the_server(mortal_server: ServerUnderTest, mortal_bus: Bus) -> None:
    """Acknowledged while the server is away, a command is gone when it is back, if need be after one more delivery."""
    subject = commands("test", "n1", "restart")
    await mortal_bus.publish(subject, b"a")
    async with aclosing(work(mortal_bus, COMMANDS, "n1", [subject], ack_wait_s=0.5)) as deliveries:
        delivery = await anext(deliveries)
        await mortal_server.kill()
        acknowledging = asyncio.create_task(delivery.ack())
        await mortal_server.up()
        if not await acknowledging:
            assert await until_acknowledged(deliveries) == {b"a"}
    assert (await lookup.stream_state(mortal_bus, COMMANDS)).messages == 0


async def until_acknowledged(deliveries: AsyncIterator[Delivery]) -> set[bytes]:
    """What was delivered up to the first that the server let us acknowledge."""
    seen = set()
    async for delivery in deliveries:
        seen.add(delivery.data)
        if await delivery.ack():
            break
    return seen


async def test_an_inbox_is_given_up_when_it_has_served_its_time(mortal_bus: Bus) -> None:
    """A server remembers where it passes answers on to, so whoever reads for long asks from another place in the end,
    once all that was asked for has come."""
    await mortal_bus.publish_many([Message(events("n1", "x"), b"a") for _ in range(MOST_ASKED)])
    config = {"name": "c", "ack_policy": "none", "mem_storage": True}
    await mortal_bus.api("CONSUMER.CREATE.JOURNAL.c", {"stream_name": JOURNAL, "config": config})
    async with open_pull(mortal_bus, JOURNAL, "c", 1) as pull:
        assert sum([len(await pull.next()) for _ in range(MOST_ASKED)]) == MOST_ASKED
        with pytest.raises(Lost, match="served its time"):
            await pull.next()
