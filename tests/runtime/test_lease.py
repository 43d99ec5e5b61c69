"""One holder at a time, and a number that tells the holders apart."""

import asyncio

import pytest

from engine.runtime.bus import Bus
from engine.runtime.lease import DURATION_MS, LeaseKeeper, LeaseLostError
from engine.runtime.publishing import new_id


class Clock:
    """Time as the test says."""

    def __init__(self) -> None:
        self.time_ms = 1_000_000

    def now_ms(self) -> int:
        return self.time_ms


@pytest.fixture
def key() -> str:
    """A lease that no other test has."""
    return f"lease-{new_id()}"


def keeper(bus: Bus, key: str, holder: str, clock: Clock) -> LeaseKeeper:
    return LeaseKeeper(bus, "leases", key, holder, clock.now_ms)


async def test_a_free_lease_is_taken_at_once(bus: Bus, key: str) -> None:
    """The first holder has epoch 1."""
    assert await keeper(bus, key, "a", Clock()).take() == 1


async def test_the_same_holder_takes_it_back_at_once_under_a_new_epoch(bus: Bus, key: str) -> None:
    """Who was killed and starts again does not wait for itself, and is told apart from what it was."""
    assert [await keeper(bus, key, "a", Clock()).take() for _ in range(3)] == [1, 2, 3]


async def test_a_stranger_waits_until_it_has_lapsed(bus: Bus, key: str) -> None:
    """While the holder's time runs nobody else gets it; after that the first who asks does."""
    clock = Clock()
    await keeper(bus, key, "a", clock).take()
    clock.time_ms += DURATION_MS - 1
    waiting = asyncio.create_task(keeper(bus, key, "b", clock).take())
    assert await keeper(bus, key, "a", clock).take() == 2  # a round trip in which b would have got it
    assert not waiting.done()
    clock.time_ms += DURATION_MS
    assert await asyncio.wait_for(waiting, 5) == 3


async def test_of_two_who_ask_at_once_one_gets_it(bus: Bus, key: str) -> None:
    """Both see it free; compare-and-set lets one of them have it."""
    clock = Clock()
    asking = [asyncio.create_task(keeper(bus, key, holder, clock).take()) for holder in "ab"]
    got, waiting = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in got] == [1]
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


async def test_whoever_lost_it_is_told_at_the_next_renewal(bus: Bus, key: str) -> None:
    """A holder that another has replaced learns it, and by which name and epoch it had it."""
    clock = Clock()
    loser = keeper(bus, key, "a", clock)
    await loser.take()
    clock.time_ms += DURATION_MS
    await keeper(bus, key, "b", clock).take()
    with pytest.raises(LeaseLostError, match=f"lease {key} of a, epoch 1"):
        await asyncio.wait_for(loser.keep(), 5)
