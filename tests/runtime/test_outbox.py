"""What waits to be sent, while nothing can be."""

import asyncio

from engine.runtime.outbox import EVENTS_PER_MESSAGE, MAX_EVENTS, READINGS_AT_ONCE, EventQueue, ReceiptQueue
from schemas.events import Event
from schemas.plugins import Occurrence, Samples


def reading(number: int) -> tuple[Samples, asyncio.Future[None]]:
    receipt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    return Samples(number, (), (), receipt=receipt), receipt


async def test_what_was_given_up_does_not_pile_up() -> None:
    """However long the bus is away: a sender that gives up and sends again waits with its newest reading only."""
    queue = ReceiptQueue()
    for number in range(1000):
        waiting, receipt = reading(number)
        queue.put(waiting)
        receipt.cancel()
    assert len(queue) == 1
    wanted, _ = reading(1000)
    queue.put(wanted)
    assert await queue.some() == [wanted]


async def test_readings_are_taken_in_order_and_some_at_a_time() -> None:
    """As many as share a round trip, the oldest first, without those given up between."""
    queue = ReceiptQueue()
    made = [reading(number) for number in range(READINGS_AT_ONCE + 2)]
    for each, _ in made:
        queue.put(each)
    made[1][1].cancel()
    times = [[each.time_ms for each in await queue.some()] for _ in range(2)]
    assert times == [[0, *range(2, READINGS_AT_ONCE)], [READINGS_AT_ONCE, READINGS_AT_ONCE + 1]]


def occurrence(number: int, receipt: asyncio.Future[None] | None = None) -> Occurrence:
    return Occurrence("s", Event(id=str(number), source="s", type="t"), receipt)


async def test_events_are_taken_a_message_full_at_a_time_without_those_given_up() -> None:
    """In their order, with a receipt or without."""
    queue = EventQueue()
    receipts = [asyncio.get_running_loop().create_future() for _ in range(EVENTS_PER_MESSAGE)]
    for number, receipt in enumerate(receipts):
        await queue.put(occurrence(number, receipt))
    for number in range(EVENTS_PER_MESSAGE, EVENTS_PER_MESSAGE + 2):
        await queue.put(occurrence(number))
    receipts[1].cancel()
    ids = [[int(each.event.id) for each in await queue.some()] for _ in range(2)]
    assert ids == [[0, *range(2, EVENTS_PER_MESSAGE)], [EVENTS_PER_MESSAGE, EVENTS_PER_MESSAGE + 1]]


async def test_pushes_that_were_given_up_do_not_pile_up() -> None:
    """However often they are repeated while the bus is away."""
    queue = EventQueue()
    for number in range(1000):
        receipt = asyncio.get_running_loop().create_future()
        await queue.put(occurrence(number, receipt))
        receipt.cancel()
    assert len(queue) == 1


async def test_a_full_queue_makes_wait_whoever_waits_for_no_receipt() -> None:
    """Until some of it is taken; who waits for a receipt bounds what there is."""
    queue = EventQueue()
    for number in range(MAX_EVENTS):
        await queue.put(occurrence(number))
    await queue.put(occurrence(-1, asyncio.get_running_loop().create_future()))
    one_more = asyncio.create_task(queue.put(occurrence(-2)))
    await asyncio.wait([one_more], timeout=0)
    assert not one_more.done()
    assert len(await queue.some()) == EVENTS_PER_MESSAGE
    await one_more
    assert len(queue) == MAX_EVENTS + 2 - EVENTS_PER_MESSAGE
