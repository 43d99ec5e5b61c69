"""A shop in a cluster of the stand-in, and its API server as the actuator asks it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from actuators.kubernetes.api import Api
from actuators.kubernetes.config import KubernetesConfig, client_of
from tests.actuators.kubernetes.cluster import Site, site
from tests.actuators.kubernetes.ground import Ground, ground


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as found:
        yield found


@pytest_asyncio.fixture
async def api(shop: Site) -> AsyncIterator[Api]:
    found = Api(await client_of(KubernetesConfig(kubeconfig=shop.kubeconfig)), 0.5)
    yield found
    await found.close()


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Ground]:
    """A namespace of its own, on the stand-in or on a real cluster."""
    async with ground(tmp_path) as found:
        yield found
