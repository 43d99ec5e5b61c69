"""Streams, read in order as messages come: the journal above all, and any other stream the same way.

A reader holds nothing on the server that it could not make anew: it survives the server's death and goes on after the
last message it delivered. What a message means is for `schemas.codec`; work queues are in `workqueue`.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from engine.runtime.bus import Bus
from engine.runtime.bus_errors import Lost, StreamBehind
from engine.runtime.lookup import stream_state
from engine.runtime.pull import Pull, open_pull
from engine.runtime.received import Delivered, Received, delivered

log = structlog.get_logger(__name__)

_BATCH = 64
"""Messages on their way or untaken: a message of events can have megabytes."""
_INACTIVE_NS = 30 * 1_000_000_000


async def read(
    bus: Bus, stream: str, *, start_seq: int = 1, subjects: Sequence[str] | None = None
) -> AsyncGenerator[Sequence[Received]]:
    """All messages from `start_seq` on, for ever, as they come; on `subjects` only, if given.

    Each is delivered once, in order. Where the stream has lost messages to its limits the sequences show a gap.
    Raises `StreamBehind` when the stream ends before `start_seq` - 1, and `ApiError` when there is no such stream.
    """
    next_seq = start_seq
    while True:
        try:
            async with _open_reader(bus, stream, next_seq, subjects) as pull:
                last_number = 0
                while True:
                    deliveries = [delivered(msg) for msg in await pull.next()]
                    last_number = _in_sequence(deliveries, last_number)
                    next_seq = deliveries[-1].message.seq + 1
                    yield [delivery.message for delivery in deliveries]
        except Lost as why:
            log.debug("journal.reader_restarts", stream=stream, seq=next_seq, reason=str(why))


@asynccontextmanager
async def _open_reader(bus: Bus, stream: str, start_seq: int, subjects: Sequence[str] | None) -> AsyncIterator[Pull]:
    last_seq = (await stream_state(bus, stream)).last_seq
    if last_seq < start_seq - 1:
        raise StreamBehind(stream, last_seq, start_seq)
    name = bus.new_name()
    config: dict[str, Any] = {
        "name": name,
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": max(start_seq, 1),
        "ack_policy": "none",
        "mem_storage": True,
        "num_replicas": 1,
        "inactive_threshold": _INACTIVE_NS,  # the server forgets it when nobody asks any more
        "filter_subjects": list(subjects or ()),
    }
    await bus.api(f"CONSUMER.CREATE.{stream}.{name}", {"stream_name": stream, "config": config})
    async with open_pull(bus, stream, name, _BATCH) as pull:
        yield pull


def _in_sequence(deliveries: Sequence[Delivered], last_number: int) -> int:
    """The number of the last delivery. Raises `Lost` unless they count up from `last_number` without a gap."""
    for delivery in deliveries:
        if delivery.number != last_number + 1:
            raise Lost(f"delivery {delivery.number} came after {last_number}")
        last_number = delivery.number
    return last_number
