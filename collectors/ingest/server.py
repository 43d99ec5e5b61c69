"""The receiver as a whole."""

import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing

from collectors.ingest.config import IngestConfig
from collectors.ingest.counts import Counts
from collectors.ingest.endpoint import routes
from collectors.ingest.intake import Intake
from collectors.receiving.server import Readings, Receiver
from schemas.plugins import CollectorContext, Reading

NAME = "ingest"


async def receive(
    config: IngestConfig, context: CollectorContext, listener: socket.socket
) -> AsyncGenerator[Reading, None]:
    """What is pushed to `listener`, which is closed in the end, and the receiver's own metrics now and then."""
    readings, counts = Readings(), Counts()
    intake = Intake(
        context,
        counts,
        readings.put_nowait,
        window_s=config.retry_window_s,
        most_waiting=config.max_pending_requests,
    )
    receiver = Receiver(NAME, config, listener, routes(config, intake, counts))
    async with aclosing(receiver.run(readings, context, NAME, counts.metrics)) as received:
        async for reading in received:
            yield reading
