"""The ingest collector: events that others push by HTTP.

From the outside in: `config` says where to listen and what is expected where, `server` and `endpoint` take pushes in,
`cloudevents`, `falco`, `alertmanager` and `generic` read them, all of a push or nothing, and `intake` has them stored,
a retried push once. The libraries for HTTP are an extra, so only `config` is imported before the collector runs.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from collectors.ingest.config import IngestConfig
from schemas.plugins import CollectorContext, CollectorSpec, Reading


async def collect(config: IngestConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
    """What is pushed, as it comes in, and what the receiver says of itself. Raises OSError where it cannot listen."""
    from collectors.ingest.server import NAME, receive  # noqa: PLC0415 - they need the extra
    from collectors.receiving.server import bound  # noqa: PLC0415

    async with aclosing(receive(config, context, bound(config.listen, NAME))) as readings:
        async for reading in readings:
            yield reading


SPEC = CollectorSpec(
    name="ingest",
    summary="Receives events by HTTP: CloudEvents, Falco's alerts, Alertmanager's notifications, and any other JSON.",
    config=IngestConfig,
    collect=collect,
    example="ingest: {listen: '127.0.0.1:9202', sources: {shop: {time: created_at, message: text, id: order.id}}}",
)
