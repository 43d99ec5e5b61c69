"""A store without room: publishers wait, the place is named, and nothing that was acknowledged is lost."""

import asyncio
import re
import resource
import sys

import pytest

from engine.runtime.bus import Bus
from engine.runtime.server import StoreFailed
from schemas.subjects import JOURNAL, events
from tests.conftest import ServerUnderTest
from tests.runtime.roles import stored

SUBJECT = events("n1", "full")
ROOM_BYTES = 1024 * 1024
MESSAGE_BYTES = 64 * 1024
AFTERWARDS = 3


async def test_a_full_store_delays_and_loses_nothing(mortal_server: ServerUnderTest, mortal_bus: Bus) -> None:
    """When the server is started again with room, the publisher goes on where it waited, and all is there once."""
    if sys.platform != "linux":
        pytest.skip("needs prlimit to make a store fail")
    resource.prlimit(mortal_server.pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, ROOM_BYTES))
    acknowledged: list[int] = []

    async def publish() -> None:
        number = 0
        while True:
            await mortal_bus.publish(SUBJECT, number.to_bytes(4, "big") + bytes(MESSAGE_BYTES))
            acknowledged.append(number)
            number += 1

    publishing = asyncio.create_task(publish())
    with pytest.raises(StoreFailed, match=rf"{re.escape(str(mortal_server.store))}: .* bytes free"):
        await asyncio.wait_for(mortal_server.watch(), timeout=10)
    assert not publishing.done()
    before = len(acknowledged)
    assert 0 < before <= ROOM_BYTES // MESSAGE_BYTES

    await mortal_server.stop()
    await mortal_server.up()
    async with asyncio.timeout(15):
        while len(acknowledged) < before + AFTERWARDS:
            await asyncio.sleep(0.01)
    publishing.cancel()
    await asyncio.wait([publishing])
    numbers = [int.from_bytes(found.data[:4], "big") for found in await stored(mortal_bus, JOURNAL, SUBJECT)]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= len(acknowledged)
