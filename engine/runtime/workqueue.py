"""Work queues: each message to one worker, again until that worker has acknowledged it.

Delivery is at least once. That an effect happens once is the ledger's doing, not the queue's.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence

import msgspec
import structlog
from nats.aio.msg import Msg

from engine.runtime.answers import NO_RESPONDERS, status
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import Lost, PermissionDenied
from engine.runtime.connection import Request
from engine.runtime.pull import open_pull
from engine.runtime.received import delivered

log = structlog.get_logger(__name__)

_NS = 1_000_000_000
_ATTEMPTS = 2  # one may break off with the connection
_CONFIRM_TIMEOUT_S = 1.0


class Delivery:
    """One delivery of a message. Answering it waits while the server is away."""

    def __init__(self, bus: Bus, msg: Msg) -> None:
        delivery = delivered(msg)
        stored = delivery.message
        self.subject = stored.subject
        self.data = stored.data
        self.seq = stored.seq
        self.time_ms = stored.time_ms
        self.headers: Mapping[str, str] = stored.headers
        self.num_delivered = delivery.times
        self._connection = bus.connection
        self._reply = msg.reply

    async def ack(self) -> bool:
        """It is done: never deliver it again. As all answers, True when the server has confirmed it.

        False means that the server does not know this delivery, since it was killed before it had noted it: it will
        deliver the message again.
        """
        return await self._answer(b"+ACK")

    async def nak(self, delay_s: float = 0.0) -> bool:
        """Not now: deliver it again after `delay_s`."""
        return await self._answer(b"-NAK " + msgspec.json.encode({"delay": int(delay_s * _NS)}))

    async def term(self, reason: str) -> bool:
        """It can never be done: do not deliver it again. The server tells `reason` to whoever listens."""
        return await self._answer(b"+TERM " + reason.encode())

    async def in_progress(self) -> bool:
        """Still at it: count the time to the next delivery from now."""
        return await self._answer(b"+WPI")

    async def _answer(self, answer: bytes) -> bool:
        for _ in range(_ATTEMPTS):
            (reply,) = await self._connection.exchange([Request(self._reply, answer)], timeout_s=_CONFIRM_TIMEOUT_S)
            if isinstance(reply, PermissionDenied):
                raise reply
            if reply and status(reply) != NO_RESPONDERS:
                return True
        return False


async def work(
    bus: Bus, stream: str, durable: str, subjects: Sequence[str], *, ack_wait_s: float, max_ack_pending: int = 64
) -> AsyncGenerator[Delivery]:
    """Deliveries of the messages on `subjects`, for ever, as they come.

    Workers of the same `durable` name share them. At most `max_ack_pending` are unacknowledged at a time; one that is
    not answered for `ack_wait_s` is delivered again, to any of them.
    """
    config = {
        "durable_name": durable,
        "ack_policy": "explicit",
        "ack_wait": int(ack_wait_s * _NS),
        "max_ack_pending": max_ack_pending,
        "filter_subjects": list(subjects),
    }
    while True:
        await bus.api(f"CONSUMER.DURABLE.CREATE.{stream}.{durable}", {"stream_name": stream, "config": config})
        try:
            async with open_pull(bus, stream, durable, max_ack_pending) as pull:
                while True:
                    for msg in await pull.next():
                        yield Delivery(bus, msg)
        except Lost as why:
            log.debug("workqueue.restarts", stream=stream, durable=durable, reason=str(why))
