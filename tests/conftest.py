"""Fixtures for tests that need a real `nats-server`. There is no fake one: the edge is tested against the edge."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio

from engine.runtime import streams
from engine.runtime.bus import Bus
from engine.runtime.credentials import Role
from engine.runtime.server import EmbeddedServer

# The same examples in every run: a red run can be run again.
hypothesis.settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("repeatable")

NODE = "n1"


class ServerUnderTest(EmbeddedServer):
    """A server that can be killed and brought back, and whose roles can be played."""

    def __init__(self, directory: Path, *, port: int = 0) -> None:
        super().__init__(directory, node=NODE, port=port)

    async def up(self) -> None:
        self.start()
        await self.wait_ready()

    async def kill(self) -> None:
        """As a crash: nothing is flushed, nobody is told."""
        os.kill(self.pid, signal.SIGKILL)
        await self.wait()

    async def connect(self, role: Role = "engine") -> Bus:
        assert self.credentials
        return await Bus.connect(*self.credentials.access(role), name=f"test-{role}")


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """One server for all tests that do not harm it. Use names of your own: what others stored is still there."""
    server = ServerUnderTest(tmp_path_factory.mktemp("nats"))
    asyncio.run(_up_with_streams(server))
    yield server
    asyncio.run(server.stop())


async def _up_with_streams(server: ServerUnderTest) -> None:
    await server.up()
    bus = await server.connect()
    await streams.ensure(bus)
    await bus.close()


@pytest_asyncio.fixture
async def bus(nats_server: ServerUnderTest) -> AsyncIterator[Bus]:
    """The engine's connection to the shared server, with all streams."""
    bus = await nats_server.connect()
    yield bus
    await bus.close()


@pytest_asyncio.fixture
async def mortal_server(tmp_path: Path) -> AsyncIterator[ServerUnderTest]:
    """A server of one's own with all streams, to kill and to restart."""
    server = ServerUnderTest(tmp_path / "nats")
    await _up_with_streams(server)
    yield server
    await server.stop()


@pytest_asyncio.fixture
async def mortal_bus(mortal_server: ServerUnderTest) -> AsyncIterator[Bus]:
    """The engine's connection to the mortal server."""
    bus = await mortal_server.connect()
    yield bus
    await bus.close()
