"""The actuator as its host sees it: answers for commands, and the inventory of what the watches know."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from actuators.kubernetes.acts import Act
from actuators.kubernetes.api import Api
from actuators.kubernetes.config import KubernetesConfig, client_of
from actuators.kubernetes.course import Course, Pace
from actuators.kubernetes.declaration import TIMEOUT_S
from actuators.kubernetes.evidence import Collect
from actuators.kubernetes.isolation import Isolate, Release
from actuators.kubernetes.nodes import Cordon, Drain, Uncordon
from actuators.kubernetes.pods import Ending
from actuators.kubernetes.resources import KINDS, NODES, REVISIONS, BadTarget, Ref
from actuators.kubernetes.rollout import is_ready
from actuators.kubernetes.store import Store
from actuators.kubernetes.targets import Catalogue
from actuators.kubernetes.workloads import Rollback, Rolling, restart, scale, unscaled
from schemas.cluster.reflector import Reflector
from schemas.commands import Command
from schemas.inventory import Target
from schemas.kubernetes import Object
from schemas.plugins import ActuatorContext, ConditionFailed, Effect, EffectFailed, EffectUnknown, Gate, Observation

SYNC_WAIT_S = 10.0
"""How long `build` waits for the first lists; what comes later is told as a change."""
_OBSERVE = 6
"""For so many times the limit of a request an API server that is away is asked for a mark."""
_MARGIN = 0.95
"""Of the time that a verb has, so that we can say ourselves what was not done in it."""


async def build(config: KubernetesConfig, context: ActuatorContext) -> "KubernetesActuator":
    """The actuator, knowing what there is if the cluster tells in time. Raises `NoClient`."""
    api = Api(await client_of(config), config.request_timeout_s)
    actuator = KubernetesActuator(config, context, api)
    try:
        await actuator.open()
    except BaseException:  # Whoever gave up waiting for it has nothing to close.
        await actuator.close()
        raise
    return actuator


class KubernetesActuator:
    """See `schemas.plugins.Actuator`."""

    def __init__(self, config: KubernetesConfig, context: ActuatorContext, api: Api) -> None:
        self._config = config
        self._api = api
        self._pace = Pace(config.poll_s, config.retry_s, config.stuck_s)
        evict = Ending(context.now_ms, evict=True)
        self._acts: Mapping[str, Act] = {
            "restart": Rolling(restart),
            "scale": Rolling(scale, unscaled),
            "rollback": Rollback(),
            "evict": evict,
            "delete_pod": Ending(context.now_ms, evict=False),
            "cordon": Cordon(),
            "uncordon": Uncordon(),
            "drain": Drain(config.namespaces, evict),
            "isolate": Isolate(),
            "release": Release(),
            "collect": Collect(context, config.evidence_limit_bytes),
        }
        self._news = asyncio.Event()
        self._stores = [
            Store(resource, namespace, self._news.set)
            for resource in (*KINDS.values(), REVISIONS)
            for namespace in (config.namespaces if resource is not NODES and config.namespaces else ("",))
        ]
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begin to follow the cluster."""
        reflectors = [Reflector(self._api, store.path, store, self._config.retry_s) for store in self._stores]
        self._tasks = [asyncio.create_task(reflector.run()) for reflector in reflectors]
        for task in self._tasks:
            task.add_done_callback(lambda _: self._news.set())
        synced = [asyncio.create_task(store.synced.wait()) for store in self._stores]
        _, late = await asyncio.wait(synced, timeout=SYNC_WAIT_S)
        for each in late:
            each.cancel()

    async def inventory(self) -> Sequence[Target]:
        return list(self._catalogue().targets())

    async def observe(self, command: Command) -> Observation:
        async def closed() -> None:
            raise AssertionError("to observe changes nothing")

        try:
            act, ref = self._act(command)
            return await act.observe(self._course(command, closed, _OBSERVE * self._config.request_timeout_s), ref)
        except ConditionFailed:
            return "absent"
        except (EffectFailed, EffectUnknown):  # There was no answer, or it is none of ours.
            return "unmarked"

    async def execute(self, command: Command, gate: Gate) -> Effect:
        act, ref = self._act(command)
        return await act.perform(self._course(command, gate, TIMEOUT_S[command.verb] * _MARGIN), ref)

    async def changes(self) -> AsyncGenerator[None, None]:
        while True:
            await self._news.wait()
            await asyncio.sleep(self._config.quiet_s)
            self._news.clear()
            for task in self._tasks:
                if task.done():
                    task.result()  # Our own bug, if any, ends the host's loop too.
            yield

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._api.close()

    def _act(self, command: Command) -> tuple[Act, Ref]:
        """Raises `EffectFailed` for what the configuration does not allow, whatever the command says, and
        `ConditionFailed` for what cannot be there."""
        try:
            ref = Ref.of(command.target)
        except BadTarget as error:
            raise ConditionFailed({}, str(error)) from error
        if self._config.verbs and command.verb not in self._config.verbs:
            raise EffectFailed(f"the actuator's configuration allows no {command.verb}")
        looks = command.verb == "collect"
        if ref.namespace and self._config.namespaces and ref.namespace not in self._config.namespaces:
            raise EffectFailed(f"the actuator's configuration names no namespace {ref.namespace}")
        if ref.namespace in self._config.protected_namespaces and not looks:
            raise EffectFailed(f"the actuator's configuration protects the namespace {ref.namespace}")
        return self._acts[command.verb], ref

    def _course(self, command: Command, gate: Gate, time_s: float) -> Course:
        ends = asyncio.get_running_loop().time() + time_s
        return Course(self._api.on_behalf_of(command.id), command, gate, self._pace, ends, self)

    # --- what is known (see `course.Knowledge`) ---

    def seen(self, ref: Ref, found: Object | None) -> None:
        """What a command has read or changed is in the inventory that goes out before its outcome."""
        for store in self._stores:
            if store.resource is ref.resource and store.covers(ref.namespace):
                if found is None:
                    store.forget((ref.namespace, ref.name))
                else:
                    store.take(found)

    def attributes(self, ref: Ref, found: Object) -> dict[str, Any]:
        """Of a target, as the inventory has them."""
        return self._catalogue().attributes(ref, found)

    def is_away(self, node: str) -> bool:
        """By what is watched; nothing is asked for."""
        nodes = next(store for store in self._stores if store.resource is NODES)
        found = nodes.objects.get(("", node))
        return bool(node) and nodes.synced.is_set() and (found is None or not is_ready(found))

    def _catalogue(self) -> Catalogue:
        known: dict[str, dict[tuple[str, str], Object]] = {}
        for store in self._stores:
            known.setdefault(store.resource.plural, {}).update(store.objects)
        complete = all(store.synced.is_set() for store in self._stores)
        return Catalogue(known, self._config.service_label, self._config.protected_namespaces, complete=complete)
