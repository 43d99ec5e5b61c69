"""The API on a socket of its own, for what only shows there: clients that go, other people's clients."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from engine.api import Address, Desk, Source, application, listen, serve, url_of
from tests.core.story import Story

ANYWHERE = Address("127.0.0.1", 0)


@asynccontextmanager
async def served(story: Story, desk: Desk) -> AsyncIterator[str]:
    """The URL at which the story is told, for as long as the body lasts."""
    source = Source(state=lambda: story.state, now_ms=lambda: story.now_ms, ready=lambda: True)
    listening = listen(ANYWHERE)
    serving = asyncio.create_task(serve(application(source, desk), listening))
    try:
        yield url_of(listening)
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
