"""The remote_write collector: an existing Prometheus pushes its samples to us.

From the outside in: `config` and `server` say what is particular beside `collectors.receiving`, `endpoint` speaks the
protocol, `request` reads what was pushed, `known` remembers the series. The libraries for HTTP and snappy are an extra,
so only `config` is imported before the collector runs.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from collectors.remote_write.config import RemoteWriteConfig
from schemas.plugins import CollectorContext, CollectorSpec, Reading


async def collect(config: RemoteWriteConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
    """What is pushed, as it comes in, and what the receiver says of itself. Raises OSError where it cannot listen."""
    from collectors.receiving.server import bound  # noqa: PLC0415 - they need the extra
    from collectors.remote_write.server import NAME, receive  # noqa: PLC0415

    async with aclosing(receive(config, context, bound(config.listen, NAME))) as readings:
        async for reading in readings:
            yield reading


SPEC = CollectorSpec(
    name="remote_write",
    summary="Receives what a Prometheus sends by `remote_write` (version 1.0), and acknowledges it when it is stored.",
    config=RemoteWriteConfig,
    collect=collect,
    example='remote_write: {listen: "127.0.0.1:9201"}',
)
