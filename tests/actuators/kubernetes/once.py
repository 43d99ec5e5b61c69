"""The claim that an act happens once, tried from a seed: faults of the network and the server, a crash of the actuator
at any request, a second actuator that takes over while the first one still lives.

A run plays the host's part of `engine.runtime.performance` on the actuator itself, without a bus: a command that was
taken over is looked for first. What happened is counted at the server, by what changed there.
"""

import asyncio
import hashlib
import io
import json
import random
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from actuators.kubernetes.actuator import KubernetesActuator
from actuators.kubernetes.api import Api
from actuators.kubernetes.config import KubernetesConfig
from actuators.kubernetes.resources import Ref
from actuators.kubernetes.targets import attributes
from schemas.cluster.client import Client, Loaded
from schemas.commands import Command
from schemas.outcomes import Evidence
from schemas.plugins import ActuatorContext, ConditionFailed, Effect, EffectFailed, EffectUnknown
from tests.actuators.kubernetes.cluster import FAST, made
from tests.actuators.site import Shelf, open_gate
from tests.kubernetes_server import Cluster, Faults, KubernetesServer
from tests.kubernetes_server.objects import shop
from tests.kubernetes_server.state import Applied

PATIENCE_S = 60
REQUEST_TIMEOUT_S = 0.25


@dataclass(frozen=True)
class Scenario:
    """One verb on one target. `prepare` changes the cluster before the command; `effects` are those of what clients
    changed that count, each of which may happen once; `wanted` says whether the cluster is as the command asks.

    With `undo` the faults are for what undoes the command, which itself had its effect in peace; `since` is what
    somebody else changed meanwhile, so that the undo may not have any.
    """

    verb: str
    target: str
    wanted: Callable[[Cluster, str], bool]
    effects: Callable[[Applied], str | None]
    args: dict[str, Any] = field(default_factory=dict)
    condition: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[Cluster], None] = lambda cluster: None
    undo: bool = False
    since: Callable[[Cluster], None] | None = None

    @property
    def name(self) -> str:
        undo = ("undo of " if self.undo else "") + f"{self.verb} {self.target}"
        return f"{undo}, too late" if self.since else undo


@dataclass(frozen=True)
class Run:
    """What came of one seed."""

    status: str
    detail: str
    effects: list[str]
    wanted: bool
    faults: int
    mode: str


async def _anonymous() -> Loaded:
    return Loaded(Configuration(), ())


class Bench:
    """Two clients that are used for every run, since to make one costs more than to use it."""

    def __init__(self) -> None:
        self._clients = [Client(ApiClient, _anonymous, Loaded(Configuration(), ())) for _ in range(2)]

    async def close(self) -> None:
        for client in self._clients:
            await client.close()

    async def run(self, scenario: Scenario, seed: int) -> Run:
        """One command under the faults of the seed."""
        draws = random.Random(f"{scenario.verb}{'/undo' * scenario.undo}/{seed}")
        mode = draws.choice(("alone", "crashed", "crashed twice", "taken over", "at once", "at once"))
        cluster = _world().copy()
        async with KubernetesServer(cluster) as server:
            scenario.prepare(cluster)
            server.settle()
            command = _command(scenario, cluster)
            shelf = CountingShelf()
            if scenario.undo:
                command = await self._undoing(server, command)
                server.settle()
                (scenario.since or _nobody)(cluster)
                server.settle()
                server.requests.clear()
            cluster.applied.clear()
            server.faults = Faults(seed)
            status, detail = await self._hosted(server, shelf, command, mode, draws)
            effects = [name for each in cluster.applied if (name := scenario.effects(each))]
            server.settle()
            wanted = scenario.wanted(cluster, command.id)
            if scenario.verb == "collect":
                effects += shelf.puts
                wanted &= status == "succeeded" and tells_all(shelf.bundles[command.id], detail)
            return Run(status, detail, effects, wanted, len(server.faults.happened), mode)

    async def _undoing(self, server: KubernetesServer, command: Command) -> Command:
        """The command that undoes this one, which has its effect."""
        effect = await self._actuators(server, CountingShelf())[0].execute(command, open_gate)
        undo = effect.undo
        assert undo
        return made(undo.verb, undo.target, undo.condition, "d" * 32, **undo.args)

    async def _hosted(
        self, server: KubernetesServer, shelf: Shelf, command: Command, mode: str, draws: random.Random
    ) -> tuple[str, str]:
        first, second = self._actuators(server, shelf)
        if mode == "alone":
            return await _act(first, command)
        if mode == "at once":
            return (await asyncio.gather(_again(first, command), _again(second, command)))[1]
        for actuator in (first, second, first)[: 3 if mode == "crashed twice" else 2]:
            again = actuator is not first or len(server.requests) > 0
            acting = asyncio.create_task(_again(actuator, command) if again else _act(actuator, command))
            reached = asyncio.create_task(server.requested(len(server.requests) + draws.randint(1, 14)))
            await asyncio.wait({acting, reached}, return_when=asyncio.FIRST_COMPLETED)
            reached.cancel()
            if acting.done():
                return acting.result()
            if mode == "taken over":
                outcome = await _again(second, command)
                await acting  # What it finds out is refused: its claim is another's.
                return outcome
            acting.cancel()
            await asyncio.wait({acting})
        return await _again(second, command)

    def _actuators(self, server: KubernetesServer, shelf: Shelf) -> list[KubernetesActuator]:
        context = ActuatorContext(scope="c1", state_dir=None, now_ms=lambda: 0, evidence=shelf)  # type: ignore[arg-type]
        config = KubernetesConfig(**FAST, request_timeout_s=REQUEST_TIMEOUT_S)
        for client in self._clients:
            client.official.configuration.host = server.url
        return [KubernetesActuator(config, context, Api(client, REQUEST_TIMEOUT_S)) for client in self._clients]


class CountingShelf(Shelf):
    """Knows how often something was put there, and not only what is left."""

    def __init__(self) -> None:
        super().__init__()
        self.puts: list[str] = []

    async def put(self, name: str, content: bytes) -> Evidence:
        self.puts.append(name)
        return await super().put(name, content)


def tells_all(content: bytes, detail: str) -> bool:
    """Whether the outcome names this very bundle, and of each kind of evidence it has something, or says what of it is
    missing; the outcome says that too, unless the bundle was only found."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        manifest = json.loads(archive.extractfile("manifest.json").read())  # type: ignore[union-attr]
    names = [*(each["name"] for each in manifest["members"]), *manifest["missing"]]
    begins = ("manifests", "describe", "kubernetes-events", ("logs", "pods"))
    there = all(any(name.startswith(kind) for name in names) for kind in begins)
    found = detail.removeprefix("observed: ").startswith("kept in evidence")
    told = found or "missing" in detail or not manifest["missing"]
    return there and told and hashlib.sha256(content).hexdigest() in detail


def _nobody(cluster: Cluster) -> None:
    """Nobody has changed anything."""


@cache
def _world() -> Cluster:
    """The shop at rest."""
    cluster = shop()
    KubernetesServer(cluster).settle()
    return cluster


def _command(scenario: Scenario, cluster: Cluster) -> Command:
    ref = Ref.of(scenario.target)
    found = attributes(ref.kind, cluster.get(ref.resource.plural, ref.namespace, ref.name))
    names = {"uid", *(("generation",) if scenario.verb in ("restart", "scale") else ())}
    condition = {name: found[name] for name in sorted(names)} | scenario.condition
    return made(scenario.verb, scenario.target, condition, "c" * 32, **scenario.args)


async def _act(actuator: KubernetesActuator, command: Command) -> tuple[str, str]:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return "succeeded", (await actuator.execute(command, open_gate)).detail
    except ConditionFailed as error:
        return "conflict", str(error)
    except EffectFailed as error:
        return "failed", str(error)
    except EffectUnknown as error:
        return "unknown", str(error)


async def _again(actuator: KubernetesActuator, command: Command) -> tuple[str, str]:
    seen = await actuator.observe(command)
    if isinstance(seen, Effect):
        return "succeeded", f"observed: {seen.detail}"
    return ("unknown", "no mark") if seen == "unmarked" else await _act(actuator, command)
