"""What reflectors keep in step, as actuator and collector have it, and clusters that change under them."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import yaml

from actuators.kubernetes.resources import PODS
from actuators.kubernetes.store import Store as Inventory
from collectors.kubernetes.deltas import Deltas
from schemas.cluster.api import Reader
from schemas.cluster.client import client_of
from schemas.cluster.reflector import Reflector, Store
from schemas.kubernetes import Key, Object, key_of
from tests.kubernetes_server import Cluster, Faults, KubernetesServer
from tests.kubernetes_server.objects import pod


class Kept(Protocol):
    """A store of all pods, with what it knows."""

    news: asyncio.Event

    @property
    def store(self) -> Store: ...

    def versions(self) -> dict[Key, str]: ...


class ForInventory:
    """The actuator's store."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.store = Inventory(PODS, "", self.news.set)

    def versions(self) -> dict[Key, str]:
        return versions_of(self.store.objects)


class Record:
    """The collector's, with a sink that writes everything down."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.store = Deltas(self)
        self.told: list[tuple[str, Key, str]] = []
        self.objects: dict[Key, Object] = {}

    async def seen(self, found: Object, *, listed: bool) -> None:
        self.objects[key_of(found)] = found
        self.told.append(("seen", key_of(found), found["metadata"]["resourceVersion"]))
        self.news.set()

    async def gone(self, key: Key) -> None:
        found = self.objects.pop(key)
        self.told.append(("gone", key, found["metadata"]["uid"]))
        self.news.set()

    async def complete(self, version: str) -> None:
        self.news.set()

    def versions(self) -> dict[Key, str]:
        return versions_of(self.objects)


def versions_of(objects: dict[Key, Object]) -> dict[Key, str]:
    return {key: found["metadata"]["resourceVersion"] for key, found in objects.items()}


async def in_step(kept: Kept, cluster: Cluster) -> None:
    """Wait until it knows what the cluster knows."""
    while kept.versions() != versions_of({key_of(found): found for found in cluster.all("pods")}):
        kept.news.clear()
        await kept.news.wait()


@contextlib.asynccontextmanager
async def reading(server: KubernetesServer, folder: Path, silent_s: float = 100) -> AsyncIterator[Reader]:
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(server.kubeconfig(token="secret-of-the-test")), encoding="utf-8")
    api = Reader(await client_of(kubeconfig, None), 5, silent_s)
    try:
        yield api
    finally:
        await api.close()


@contextlib.asynccontextmanager
async def reflecting(
    server: KubernetesServer, folder: Path, kept: Kept, retry_s: float = 0.001, silent_s: float = 100
) -> AsyncIterator[Reflector]:
    """A reflector at work, in a hurry."""
    async with reading(server, folder, silent_s) as api:
        reflector = Reflector(api, PODS.path(), kept.store, retry_s)
        task = asyncio.create_task(reflector.run())
        try:
            yield reflector
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def still(cluster: Cluster, faults: Faults | None = None) -> KubernetesServer:
    """A server without controllers: only the test changes anything."""
    server = KubernetesServer(cluster, faults or Faults())
    server.live = False
    return server


def change(cluster: Cluster, name: str) -> None:
    found = cluster.get("pods", "shop", name)
    labels = {"turn": found["metadata"]["resourceVersion"]}
    cluster.update("pods", {**found, "metadata": {**found["metadata"], "labels": labels}})


async def trouble(seed: int, server: KubernetesServer, kept: Kept) -> set[str]:
    """Changes, resets, restarts and forgetting from a seed, until it is in step; the uids of all that there was."""
    draws = random.Random(seed)
    cluster = server.cluster
    uids = set()
    for turn in range(60):
        names = [found["metadata"]["name"] for found in cluster.all("pods")]
        match draws.choice(["create", "create", "change", "change", "remove", "reset", "restart", "forget", "wait"]):
            case "create":
                cluster.create("pods", pod(f"p{turn % 12}" if f"p{turn % 12}" not in names else f"q{turn}"))
            case "change" if names:
                change(cluster, draws.choice(names))
            case "remove" if names:
                cluster.remove("pods", cluster.get("pods", "shop", draws.choice(names)))
            case "reset":
                server.disconnect()
            case "restart":
                server.away()
                await server.back()
            case "forget":
                cluster.compact()
            case "wait":
                await in_step(kept, cluster)
        uids |= {found["metadata"]["uid"] for found in cluster.all("pods")}
    await in_step(kept, cluster)
    return uids
