"""The stand-in with a shop at rest, and a client of it."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from tests.kubernetes_server import KubernetesServer
from tests.kubernetes_server.objects import shop


@pytest_asyncio.fixture
async def server() -> AsyncIterator[KubernetesServer]:
    async with KubernetesServer(shop()) as running:
        running.settle()
        yield running


@pytest_asyncio.fixture
async def client(server: KubernetesServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url) as found:
        yield found
