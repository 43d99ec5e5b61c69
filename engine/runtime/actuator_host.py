"""The actuator role: takes commands from the queue, lets plugins act, and answers each command once.

Nothing in this module acts. It builds the plugins, publishes what they own, and hands each command to the lane of its
lock; `performance` is what happens to it there.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog

from engine.runtime import kv, metrics
from engine.runtime.admission import Admission, Admitted
from engine.runtime.bus import Bus
from engine.runtime.claims import BUCKET, Claims
from engine.runtime.evidence import ObjectEvidence
from engine.runtime.fences import Fences
from engine.runtime.lanes import Lanes
from engine.runtime.lease import LeaseKeeper
from engine.runtime.performance import Performance, in_progress
from engine.runtime.publishing import now_ms
from engine.runtime.refusing import USUAL_RATE, Rate, Refuser
from engine.runtime.self_metrics import EVERY_S, SelfMetrics
from engine.runtime.trust import Refusal, Trust
from engine.runtime.workqueue import Delivery, work
from schemas import subjects
from schemas.codec import encode
from schemas.inventory import Inventory
from schemas.plugins import Actuator, ActuatorContext, ActuatorSpec, PluginConfig
from schemas.secrets import Resolver, Secrets, variables

log = structlog.get_logger()

ACK_WAIT_S = 2.0
INVENTORY_EVERY_S = 60.0
REFUSING_LANES = 16
"""So many messages that are no commands are refused beside each other, so that a flood of them holds up little."""


class AlreadyRunningError(Exception):
    """Another actuator service runs on the same state directory."""


@dataclass(frozen=True, kw_only=True)
class ActuatorConfig:
    """One actuator service: the plugins that it runs for its scope (a node or a cluster), and the engines that it takes
    commands from. `refusal_rate` bounds what is told of messages that are no commands of theirs. `resolvers` are those
    of secrets, by scheme, beside the variables and files of this machine."""

    scope: str
    state_dir: Path
    plugins: Mapping[str, PluginConfig]
    trust: Trust
    refusal_rate: Rate = USUAL_RATE
    resolvers: Mapping[str, Resolver] = field(default_factory=dict)
    metrics_every_s: float = EVERY_S


class ActuatorHost:
    """One actuator process. `run` returns only by cancellation or error."""

    def __init__(self, bus: Bus, config: ActuatorConfig, specs: Mapping[str, ActuatorSpec]) -> None:
        self._bus = bus
        self._config = config
        self._specs = {name: specs[name] for name in config.plugins}

    async def run(self) -> None:
        """Build the plugins, publish what they own, and take commands."""
        executor = f"actuator@{self._config.scope}"
        # Only the service of this very state may take the lease back before it has lapsed.
        holder = f"{executor}:{self._config.state_dir.resolve()}"
        with _only_one(self._config.state_dir):
            lease = LeaseKeeper(self._bus, BUCKET, f"service.{self._config.scope}", holder, now_ms)
            epoch = await lease.take()
            claims = Claims(self._bus, executor, epoch, now_ms)
            log.info("actuator_started", executor=executor, epoch=epoch, plugins=sorted(self._specs))
            measure = partial(metrics.service, epoch=epoch, plugins=self._specs)
            own = SelfMetrics(self._bus, "actuator", self._config.scope, measure)
            async with asyncio.TaskGroup() as group:
                group.create_task(lease.keep())
                group.create_task(own.publish(self._config.metrics_every_s))
                for name, spec in self._specs.items():
                    group.create_task(self._serve(name, spec, claims, executor))

    async def _serve(self, name: str, spec: ActuatorSpec, claims: Claims, executor: str) -> None:
        evidence, secrets = ObjectEvidence(self._bus), Secrets(self._config.resolvers)
        context = ActuatorContext(
            scope=self._config.scope,
            state_dir=self._config.state_dir,
            now_ms=now_ms,
            evidence=evidence,
            secrets=secrets,
            environment=_environment(self._config.plugins),
        )
        actuator = await spec.build(self._config.plugins[name], context)
        inventory = InventoryPublisher(self._bus, name, self._config.scope, actuator, self._config.trust)
        verbs = {verb.name: verb for verb in spec.verbs}
        metrics.count_commands(verbs)
        refuse = Refuser(self._bus, name, self._config.scope, executor, time.monotonic, self._config.refusal_rate)
        perform = Performance(self._bus, actuator, verbs, claims, executor, now_ms, inventory.publish, secrets, refuse)
        admission = Admission(self._config.trust, Fences(self._bus, name, self._config.scope))
        try:
            await inventory.publish()
            async with asyncio.TaskGroup() as group:
                group.create_task(inventory.follow())
                group.create_task(refuse.run())
                group.create_task(self._take(name, admission, perform, refuse))
        finally:
            await actuator.close()

    async def _take(self, name: str, admission: Admission, perform: Performance, refuse: Refuser) -> None:
        """Take this plugin's commands: those of one lock one after the other, others beside each other."""
        scope = self._config.scope
        durable = f"{subjects.token(name)}-{subjects.token(scope)}".replace("%", "=")
        wanted = [subjects.all_commands(name, scope)]
        async with Lanes() as lanes:
            async for delivery in work(self._bus, subjects.COMMANDS, durable, wanted, ack_wait_s=ACK_WAIT_S):
                admitted = await admission.admit(delivery)
                if isinstance(admitted, Refusal):
                    lanes.put(f"refused/{delivery.seq % REFUSING_LANES}", partial(refuse, delivery, admitted))
                else:
                    lanes.put(admitted.command.lock, partial(_in_turn, perform, admission, admitted, delivery))


def _environment(plugins: Mapping[str, PluginConfig]) -> dict[str, str]:
    """Ours, without the variables that secrets of the configuration are read from."""
    kept_back = {name for each in plugins.values() for name in variables(each)}
    return {name: value for name, value in os.environ.items() if name not in kept_back}


async def _in_turn(perform: Performance, admission: Admission, admitted: Admitted, delivery: Delivery) -> None:
    try:
        async with in_progress(delivery, ACK_WAIT_S / 3):
            await perform(admitted, delivery)
    finally:
        admission.done(admitted)


class InventoryPublisher:
    """Keeps the journal, and the KV view beside it, in step with what one actuator owns."""

    def __init__(self, bus: Bus, actuator: str, scope: str, plugin: Actuator, trust: Trust) -> None:
        self._bus = bus
        self._actuator = actuator
        self._scope = scope
        self._plugin = plugin
        self._trust = trust
        self._published = b""
        self._publishing = asyncio.Lock()

    async def publish(self) -> None:
        """Publish the inventory if it differs from what was published last, and return when it is stored."""
        async with self._publishing:
            data = await self._encoded()
            if data != self._published:
                await self._send(data)

    async def follow(self) -> None:
        """Publish on every change, and every minute even without, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._on_change())
            group.create_task(self._every_minute())

    async def _on_change(self) -> None:
        async for _ in self._plugin.changes():
            await self.publish()

    async def _every_minute(self) -> None:
        while True:
            await asyncio.sleep(INVENTORY_EVERY_S)
            async with self._publishing:
                await self._send(await self._encoded())

    async def _encoded(self) -> bytes:
        targets = tuple(await self._plugin.inventory())
        believes = tuple(sorted(self._trust()))
        return encode(Inventory(actuator=self._actuator, scope=self._scope, targets=targets, believes=believes))

    async def _send(self, data: bytes) -> None:
        await self._bus.publish(subjects.inventory(self._scope), data)
        self._published = data
        await kv.put(self._bus, "inventory", f"{self._actuator}/{self._scope}", data)


@contextmanager
def _only_one(state_dir: Path) -> Iterator[None]:
    """Two services on one state directory would each believe that the other's claims are of its own past."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "actuator.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(f"{state_dir}: another actuator service runs on this state") from error
        yield
