"""What signatures cost a command, beside what it costs to store it, which every command pays as well.

The engine signs and the actuator verifies as they do at work, with the size of a usual command; it is stored by a real
server that syncs each message to disk before it acknowledges it.
"""

import time
from collections.abc import Callable

from engine.runtime import keys
from engine.runtime.bus import Bus
from engine.runtime.publishing import now_ms
from engine.runtime.trust import Trusted, Verified, allow_list, verify
from schemas import subjects
from schemas.codec import encode
from schemas.commands import HEADER_CAUSE, HEADER_EPOCH
from tests.bench.figures import Figure, percentile
from tests.bench.site import open_site
from tests.runtime.probe import NAME, command

ROUNDS = 2_000
PUBLISHED = 300
REPEAT = 3

MAX_RATIO = 1.0
FLOOD_A_CORE = 4_000
"""Forged messages that an actuator sees through in a second of one core, at least."""


async def run() -> list[Figure]:
    """The figures, the best of several turns, on a shared machine."""
    key = keys.generate()
    allowed = allow_list([Trusted(name="bench", public=key.public)])
    subject, data = subjects.commands(NAME, "bench", "turn"), encode(command("bench"))
    said = {HEADER_EPOCH: "1", HEADER_CAUSE: "0.4711.2"}
    headers, stored_ms = key.headers(subject, said, data), now_ms()
    forged = data.replace(b"bench", b"other")

    def check() -> None:
        assert isinstance(verify(allowed, subject, headers, data, stored_ms), Verified)

    def see_through() -> None:
        assert not isinstance(verify(allowed, subject, headers, forged, stored_ms), Verified)

    tries = []
    async with open_site() as site:
        for _ in range(REPEAT):
            sign_us, check_us = _each_us(lambda: key.headers(subject, said, data)), _each_us(check)
            tries.append((sign_us, check_us, _each_us(see_through), await _publish_us(site.bus, subject, data)))
    sign_us, check_us, forged_us, publish_us = (min(column) for column in zip(*tries, strict=True))
    return [
        Figure(name="signing a command", measured=sign_us, unit="µs"),
        Figure(name="verifying it", measured=check_us, unit="µs"),
        Figure(name="storing it, synced, p50", measured=publish_us, unit="µs"),
        Figure(
            name="signing and verifying, against storing it",
            measured=(sign_us + check_us) / publish_us,
            unit="times",
            limit=MAX_RATIO,
        ),
        Figure(
            name="forged commands seen through, on one core",
            measured=1e6 / forged_us,
            unit="messages/s",
            limit=FLOOD_A_CORE,
            at_least=True,
        ),
    ]


def _each_us(work: Callable[[], object]) -> float:
    """CPU time of one, µs."""
    started_s = time.process_time()
    for _ in range(ROUNDS):
        work()
    return (time.process_time() - started_s) / ROUNDS * 1e6


async def _publish_us(bus: Bus, subject: str, data: bytes) -> float:
    """Time until one is stored, µs, the median."""
    took_us = []
    for _ in range(PUBLISHED):
        started_s = time.perf_counter()
        await bus.publish(subject, data)
        took_us.append((time.perf_counter() - started_s) * 1e6)
    return percentile(took_us, 50)
