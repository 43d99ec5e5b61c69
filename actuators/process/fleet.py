"""All workloads of one `workloads.yaml`, made to follow it.

What was never started, or was stopped on purpose, is started; what runs is adopted; what died is left dead: healing is
for rules, and there is no hidden supervisor in here.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from actuators.process.ports import Ports
from actuators.process.rotation import Rotation
from actuators.process.store import Store
from actuators.process.targets import statuses, targets
from actuators.process.workload import SupervisedWorkload
from schemas.inventory import Target
from schemas.plugins import ActuatorContext, EffectFailed
from schemas.workloads import Workload, WorkloadsFile, WorkloadsStatus

log = structlog.get_logger()


class Fleet:
    """The workloads by name. `directory` is that of the file; `changed` is called after every change."""

    def __init__(self, store: Store, directory: Path, context: ActuatorContext, changed: Callable[[], None]) -> None:
        self.workloads: dict[str, SupervisedWorkload] = {}
        self._store = store
        self._directory = directory
        self._scope = context.scope
        self._environment = context.environment
        self._changed = changed
        self._ports = Ports()

    def targets(self) -> list[Target]:
        return [target for each in self.workloads.values() for target in targets(each.record, each.rotation.declared)]

    async def adopt(self, file: WorkloadsFile) -> None:
        """Know the workloads of the file that was followed last, starting nothing."""
        for name, declared in file.workloads.items():
            await self._add(name, declared)
        await self._publish()

    async def apply(self, file: WorkloadsFile) -> None:
        """Follow the file: stop what it no longer has, deploy what it says otherwise than before."""
        removed = [name for name in self.workloads if name not in file.workloads]
        await asyncio.gather(*(self._remove(name) for name in removed))
        await self._store.run(self._store.accept, file)
        for name, declared in file.workloads.items():
            if name not in self.workloads:
                await self._add(name, declared)
        await asyncio.gather(*(self._apply(name, declared) for name, declared in file.workloads.items()))

    async def catch_up(self) -> None:
        """Follow the file where that had to wait for a release."""
        for name, workload in self.workloads.items():
            if workload.is_due():
                await self._apply(name, workload.rotation.declared)

    async def stop(self) -> None:
        """End every process, so that the next start starts them anew."""
        await asyncio.gather(*(each.stop() for each in self.workloads.values()))

    async def _add(self, name: str, declared: Workload) -> None:
        self.workloads[name] = SupervisedWorkload(
            Rotation(
                declared,
                await self._store.run(self._store.load, name),
                store=self._store,
                ports=self._ports,
                directory=self._directory,
                environment=self._environment,
                changed=self._publish,
            )
        )

    async def _remove(self, name: str) -> None:
        log.info("workload_removed", workload=name)
        await self.workloads[name].stop()
        del self.workloads[name]

    async def _apply(self, name: str, declared: Workload) -> None:
        try:
            await self.workloads[name].apply(declared)
        except EffectFailed as failure:
            log.error("deployment_failed", workload=name, detail=str(failure))

    async def _publish(self) -> None:
        lines = [
            line for each in self.workloads.values() for line in statuses(each.record, each.rotation.declared.health)
        ]
        await self._store.run(self._store.publish, WorkloadsStatus(scope=self._scope, replicas=tuple(lines)))
        self._changed()
