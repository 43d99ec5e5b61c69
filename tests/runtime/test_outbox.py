"""What waits to be sent, while nothing can be."""

import asyncio

from engine.runtime.outbox import READINGS_AT_ONCE, ReceiptQueue
from schemas.plugins import Samples


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
