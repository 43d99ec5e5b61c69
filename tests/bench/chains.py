"""The two chains whose times are compared, over one server: publish → deliver → publish → deliver.

In `Reflex` the engine is in the middle: a sample that breaks a rule goes in, the command comes out. In `Bare` it is a
relay that only publishes again what it reads. Both begin at the call that publishes and end with the delivery here.
"""

import asyncio
import time
from collections.abc import AsyncGenerator

from engine.runtime.batches import Batches
from engine.runtime.bus import Bus
from engine.runtime.publishing import now_ms
from engine.runtime.workqueue import Delivery, work
from schemas import subjects
from schemas.codec import decode_command, encode
from schemas.commands import Command
from schemas.inventory import Inventory, Target
from schemas.labels import METRIC_NAME, canonical
from schemas.outcomes import Outcome
from schemas.plugins import Samples
from tests.bench.relay import STREAM_IN, STREAM_OUT, SUBJECT_IN, SUBJECT_OUT
from tests.bench.site import NODE

ACTUATOR = "process"
WORKLOADS = [f"w{number:02}" for number in range(50)]
ACK_WAIT_S = 30.0
PATIENCE_S = 30.0
FRESH_S = 0.002
"""A sample proves something only if it is newer than the outcome, and time is counted in milliseconds."""


class Reflex:
    """A node whose workloads break on demand, and the actuator that is commanded to restart them."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._subject = subjects.metrics(NODE, "probe")
        self._series = [canonical({METRIC_NAME: "bench_up", "workload": name}) for name in WORKLOADS]
        self._batches = Batches()
        self._turn = 0
        wanted = [subjects.all_commands(ACTUATOR, NODE)]
        self._commands: AsyncGenerator[Delivery] = work(
            bus, subjects.COMMANDS, "bench-commands", wanted, ack_wait_s=ACK_WAIT_S
        )

    async def open(self) -> None:
        """Tell the engine what there is to act on."""
        targets = tuple(Target(id=f"workload:{name}", lock=name, attributes={"generation": 1}) for name in WORKLOADS)
        inventory = Inventory(actuator=ACTUATOR, scope=NODE, targets=targets)
        await self._bus.publish(subjects.inventory(NODE), encode(inventory))
        await self._bus.publish(self._subject, self._scrape(None))

    async def once(self) -> float:
        """Break the next workload; seconds until the command for it is delivered. Then all is well again."""
        self._turn += 1
        broken = self._turn % len(WORKLOADS)
        scrape = self._scrape(broken)
        started_s = time.perf_counter()
        publishing = asyncio.create_task(self._bus.publish(self._subject, scrape))
        delivery = await self.delivered()
        took_s = time.perf_counter() - started_s
        await publishing
        command = await self.answer(delivery)
        assert command.target == f"workload:{WORKLOADS[broken]}", command
        await asyncio.sleep(FRESH_S)
        await self._bus.publish(self._subject, self._scrape(None))
        return took_s

    async def delivered(self) -> Delivery:
        """The next command, as it comes to an actuator."""
        return await _next(self._commands)

    async def close(self) -> None:
        await self._commands.aclose()

    async def answer(self, delivery: Delivery) -> Command:
        """Say that it is done."""
        command = decode_command(delivery.subject, delivery.data)
        outcome = Outcome(
            command=command.id,
            actuator=command.actuator,
            scope=command.scope,
            verb=command.verb,
            target=command.target,
            status="succeeded",
            executor="bench",
            started_ms=now_ms(),
            finished_ms=now_ms(),
        )
        await self._bus.publish(subjects.outcomes(command.actuator, command.scope), encode(outcome))
        await delivery.ack()
        return command

    def _scrape(self, broken: int | None) -> bytes:
        values = [float(number != broken) for number in range(len(WORKLOADS))]
        (batch,) = self._batches.of(Samples(now_ms(), self._series, values))
        return encode(batch)


class Bare:
    """The same way without an engine: streams with the settings of JOURNAL and COMMANDS, and a relay between them."""

    def __init__(self, bus: Bus, payload: bytes) -> None:
        self._bus = bus
        self._payload = payload
        self._arrivals: AsyncGenerator[Delivery] = work(
            bus, STREAM_OUT, "bench-arrivals", [SUBJECT_OUT], ack_wait_s=ACK_WAIT_S
        )

    async def open(self) -> None:
        """Make its streams; the relay can be started after that."""
        for stream, like, subject in (
            (STREAM_IN, subjects.JOURNAL, SUBJECT_IN),
            (STREAM_OUT, subjects.COMMANDS, SUBJECT_OUT),
        ):
            config = (await self._bus.api(f"STREAM.INFO.{like}"))["config"]
            await self._bus.api(f"STREAM.CREATE.{stream}", config | {"name": stream, "subjects": [subject]})

    async def once(self) -> float:
        """Seconds until what was published here has come back through the relay."""
        started_s = time.perf_counter()
        publishing = asyncio.create_task(self._bus.publish(SUBJECT_IN, self._payload))
        delivery = await _next(self._arrivals)
        took_s = time.perf_counter() - started_s
        await publishing
        await delivery.ack()
        return took_s

    async def close(self) -> None:
        await self._arrivals.aclose()


async def _next(deliveries: AsyncGenerator[Delivery]) -> Delivery:
    async with asyncio.timeout(PATIENCE_S):
        return await anext(deliveries)
