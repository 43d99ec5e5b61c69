"""The receiver as a whole."""

import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing

from collectors.receiving.server import Readings, Receiver
from collectors.remote_write.config import RemoteWriteConfig
from collectors.remote_write.counts import Counts
from collectors.remote_write.endpoint import Endpoint
from collectors.remote_write.intake import Intake
from schemas.plugins import CollectorContext, Reading

NAME = "remote_write"
PATH = "/api/v1/write"


async def receive(
    config: RemoteWriteConfig, context: CollectorContext, listener: socket.socket
) -> AsyncGenerator[Reading, None]:
    """What is pushed to `listener`, which is closed in the end, and the receiver's own metrics now and then."""
    readings, counts = Readings(), Counts()
    intake = Intake(config.source, config.max_series, context, counts, readings.put_nowait)
    receiver = Receiver(NAME, config, listener, {PATH: Endpoint(config, intake, counts).write})
    async with aclosing(receiver.run(readings, context, config.source, counts.metrics)) as received:
        async for reading in received:
            yield reading
