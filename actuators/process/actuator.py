"""The actuator as its host sees it: answers for commands, and looks now and then whether file or machine changed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import structlog
from pydantic import Field

from actuators.process import declaration
from actuators.process.collector import COLLECT, Collector, EvidenceName
from actuators.process.declaration import WorkloadsInvalid
from actuators.process.fleet import Fleet
from actuators.process.store import Store
from actuators.process.verbs import act
from actuators.process.workload import SupervisedWorkload
from schemas.commands import Command
from schemas.inventory import Target
from schemas.plugins import ActuatorContext, ConditionFailed, Effect, Gate, Observation, PluginConfig
from schemas.workloads import WorkloadsFile

log = structlog.get_logger()

START_WAIT_S = 5.0
"""How long `build` waits for workloads to come up; a slower one comes up while the actuator already serves."""


class ProcessConfig(PluginConfig):
    """`workloads` is the path of `workloads.yaml`; a change of it is noticed within `poll_s`. An actuator that still
    holds the state directory is waited for, `owner_wait_s` at most.

    `evidence` names files for `collect`, such as `auth_log`, whose end is taken; a rule can ask for no other file. Of
    each kind of evidence so much is kept as `evidence_limit_bytes`.
    """

    workloads: Path
    evidence: dict[EvidenceName, Path] = Field(default={})
    evidence_limit_bytes: int = Field(default=1 << 20, ge=1024)
    stop_workloads_on_close: bool = False
    poll_s: float = Field(default=1.0, gt=0)
    owner_wait_s: float = Field(default=5.0, ge=0)


async def build(config: ProcessConfig, context: ActuatorContext) -> "ProcessActuator":
    """The actuator, its workloads adopted or started.

    Raises `WorkloadsInvalid` or `OSError` when the file is wrong or missing and none was accepted before, and
    `TimeoutError` when another actuator holds the state directory.
    """
    store = Store(context.state_dir)
    try:
        await store.own(config.owner_wait_s)
        actuator = ProcessActuator(config, context, store)
        await actuator.open()
    except BaseException:
        store.close()
        raise
    return actuator


class ProcessActuator:
    """See `schemas.plugins.Actuator`."""

    def __init__(self, config: ProcessConfig, context: ActuatorContext, store: Store) -> None:
        self._config = config
        self._path = config.workloads.absolute()
        self._store = store
        self._news = asyncio.Event()
        self._fleet = Fleet(store, self._path.parent, context, self._news.set)
        self._collector = Collector(context, self._fleet, config.evidence, config.evidence_limit_bytes)
        self._content = b""
        self._told: dict[str, object] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Adopt what there is, follow the file as it is now, and go on following it."""
        accepted = await self._store.run(self._store.accepted)
        if accepted is not None:
            await self._fleet.adopt(accepted)
        try:
            file = self._read()
        except (WorkloadsInvalid, OSError) as error:
            if accepted is None:
                raise
            self._refuse(error)
            file = accepted
        applying = asyncio.create_task(self._fleet.apply(file))
        await asyncio.wait({applying}, timeout=START_WAIT_S)
        following = asyncio.create_task(self._follow(applying))
        following.add_done_callback(lambda _: self._news.set())
        self._tasks = [applying, following]

    async def inventory(self) -> Sequence[Target]:
        found = self._fleet.targets()
        self._told = _states(found)
        return [*found, self._collector.node]

    async def observe(self, command: Command) -> Observation:
        if command.verb == COLLECT.name:
            return await self._collector.found(command) or "absent"
        workload = self._find(command)
        return await workload.observe(command.id) if workload else "absent"

    async def execute(self, command: Command, gate: Gate) -> Effect:
        if command.verb == COLLECT.name:
            return await self._collector.collect(command, gate)
        workload = self._find(command)
        if workload is None:
            raise ConditionFailed({}, f"there is no {command.target}")
        return await workload.carry_out(act(command, workload.rotation.declared), gate)

    async def changes(self) -> AsyncIterator[None]:
        while True:
            await self._news.wait()
            self._news.clear()
            for task in self._tasks:
                if task.done():
                    task.result()  # Our own bug, if any, ends the host's loop too.
            yield

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._config.stop_workloads_on_close:
            await self._fleet.stop()
        self._store.close()

    def _find(self, command: Command) -> SupervisedWorkload | None:
        _, _, name = command.target.partition(":")
        return self._fleet.workloads.get(name.partition("/")[0])

    # --- file and machine ---

    async def _follow(self, applying: asyncio.Task[None]) -> None:
        await applying
        while True:
            await asyncio.sleep(self._config.poll_s)
            await self._follow_file()
            await self._fleet.catch_up()
            # Looking is also what reaps the children that ended.
            if _states(self._fleet.targets()) != self._told:
                self._news.set()

    async def _follow_file(self) -> None:
        before = self._content
        try:
            file = self._read()
        except (WorkloadsInvalid, OSError) as error:
            if self._content != before:
                self._refuse(error)
            return
        if self._content != before:
            log.info("workloads_changed", file=str(self._path))
            await self._fleet.apply(file)

    def _read(self) -> WorkloadsFile:
        self._content = b""  # While it is missing, it has none.
        self._content = self._path.read_bytes()
        return declaration.parse(self._content.decode(errors="replace"), self._path.name)

    def _refuse(self, error: Exception) -> None:
        log.error("workloads_refused", file=str(self._path), errors=str(error).splitlines())


def _states(targets: Sequence[Target]) -> dict[str, object]:
    """What may change without our doing: who lives, who is paused."""
    return {target.id: target.attributes.get("state") for target in targets}
