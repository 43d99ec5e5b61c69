"""The replicas of one workload and their record, changed together: the single steps that acts are made of.

Every step leaves record and machine so that a crash right before, within or after it can be told apart afterwards.
In which order steps are taken, and on whose behalf, is decided in `workload`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from actuators.process import changes, evidence, processes, signals
from actuators.process.declaration import command_line
from actuators.process.launch import Program, launch, launched
from actuators.process.ports import HOST, Ports
from actuators.process.processes import Process
from actuators.process.record import Isolated, Launch, Record, Slot
from actuators.process.store import Store, tail
from actuators.process.targets import targets
from schemas.plugins import EffectFailed, Gate
from schemas.workloads import Workload

SETTLE_S = 0.05
"""A replica without `health` is up when it has lived so long."""
_POLL_S = 0.02
_LAST_WORDS = 5


class Rotation:
    """One workload's place on this machine.

    `changed` is awaited after every change of the record, before the machine follows; `directory` is that of
    `workloads.yaml`, and `environment` what replicas inherit.
    """

    def __init__(
        self,
        declared: Workload,
        record: Record,
        *,
        store: Store,
        ports: Ports,
        directory: Path,
        environment: Mapping[str, str],
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self.declared = declared
        self.record = record
        self._store = store
        self._ports = ports
        self._directory = directory
        self._environment = environment
        self._changed = changed

    def attributes(self, target: str, record: Record | None = None) -> dict[str, Any]:
        """What the target is like now, or with this record; {} when there is no such target."""
        found = {each.id: each.attributes for each in targets(record or self.record, self.declared)}
        return found.get(target, {})

    # --- the record ---

    async def save(self, record: Record) -> None:
        await self._store.run(self._store.save, record)
        self.record = record
        await self._changed()

    async def refresh(self) -> None:
        """Know again what is true after a crash or a cancelled act: what is on disk, and which launches happened."""
        self.record = await self._store.run(self._store.load, self.record.name)
        for slot in self.record.slots:
            if slot.pending is None or slot.pending.process is not None:
                continue
            if process := await self._store.run(launched, self._mark(slot.replica, slot.pending)):
                await self._take_place(slot.replica, slot.pending, process)

    async def _take_place(self, replica: int, pending: Launch, process: Process) -> None:
        await self.save(changes.take_place(self.record, replica, replace(pending, process=process)))
        self._mark(replica, pending).unlink(missing_ok=True)

    # --- the machine ---

    def lives(self, slot: Slot) -> bool:
        return slot.current is not None and processes.alive(slot.current.process)

    async def end(self, slot: Slot, gate: Gate) -> None:
        """End what runs in this place, if anything does."""
        leader = slot.current.process if slot.current else None
        await signals.stop(leader, self.declared.stop_timeout_s, gate)

    async def start(self, replica: int, gate: Gate) -> None:
        """Put what is pending in its place: a new process, or an isolated one that returns."""
        pending = self._pending(replica)
        if pending.process is not None:
            await gate()
            signals.resume(pending.process)
            await self._take_place(replica, pending, pending.process)
            return
        port = await self._store.run(self._ports.choose, self._preferred_port(replica))
        await self.save(changes.assign_port(self.record, replica, port))
        await self._launch(replica, gate)

    async def _launch(self, replica: int, gate: Gate) -> None:
        pending = self._pending(replica)
        program = await self._store.run(self._program, self.record.slots[replica])
        await gate()
        process = await self._store.run(launch, self._mark(replica, pending), program)
        if process is None:
            raise EffectFailed(f"{self._name(replica)} could not be started: {self._last_words(replica)}")
        await self._take_place(replica, pending, process)

    def _program(self, slot: Slot) -> Program:
        """What to run for a pending launch; its directory is created where it is missing."""
        pending = self._pending(slot.replica)
        version = self.declared.versions.get(pending.version)
        if version is None:
            raise EffectFailed(f"version {pending.version!r} of {self.record.name} is no longer declared")
        argv, env = command_line(version, pending, self.record.name, slot, self._directory, self._environment)
        place = self._store.replica(self.record.name, slot.replica)
        (place / "work").mkdir(parents=True, exist_ok=True)
        return Program(argv=argv, env=env, directory=place / "work", log=place / "log")

    async def isolate(self, isolated: Isolated, gate: Gate) -> None:
        """Pause a process that was taken out of rotation, and keep what there is to know of it."""
        leader = isolated.launch.process
        assert leader is not None, "only what was started can be isolated"
        await signals.pause(leader, gate)
        log = self.log(isolated.replica)
        await asyncio.to_thread(evidence.collect, self.evidence(isolated), processes.session(leader), log)

    async def freeze(self, gate: Gate) -> None:
        """Pause every process of the workload, all of them or, where the gate says no, none."""
        try:
            await gate()
        except Exception:
            self._resume()  # what an executor that died had paused already
            raise
        await asyncio.gather(*(signals.pause(leader, ungated) for leader in self._leaders()))

    async def thaw(self, gate: Gate) -> None:
        """Let every process of the workload go on."""
        await gate()
        self._resume()
        await self.save(replace(self.record, frozen=None))

    def _resume(self) -> None:
        for leader in self._leaders():
            signals.resume(leader)

    def stands_still(self) -> bool:
        """Whether every process of the workload is paused, or dead."""
        members = [member for leader in self._leaders() for member in processes.session(leader)]
        return all(processes.state(member) in ("", "T", "t") for member in members)

    def _leaders(self) -> list[Process]:
        return [slot.current.process for slot in self.record.slots if slot.current and slot.current.process]

    def log(self, replica: int) -> Path:
        """Where the replica's output goes."""
        return self._store.replica(self.record.name, replica) / "log"

    def evidence(self, isolated: Isolated) -> Path:
        return self._store.evidence(self.record.name, isolated.replica, isolated.generation)

    async def up(self, replica: int) -> None:
        """Wait until the replica listens. Whether it is well is for `verify` to say. Raises `EffectFailed`."""
        slot = self.record.slots[replica]
        loop = asyncio.get_running_loop()
        settled_s = loop.time() + SETTLE_S
        while self.lives(slot):
            if await _listens(slot.port) if self.declared.health else loop.time() > settled_s:
                return
            await asyncio.sleep(_POLL_S)
        raise EffectFailed(f"{self._name(replica)} exited: {self._last_words(replica)}")

    def _preferred_port(self, replica: int) -> int:
        """The replica's last port, unless an isolated process will want it back; 0 = none."""
        port = self.record.slots[replica].port
        return 0 if port in {each.launch.port for each in self.record.isolated} else port

    def _pending(self, replica: int) -> Launch:
        pending = self.record.slots[replica].pending
        assert pending is not None, "asked for only where something is pending"
        return pending

    def _mark(self, replica: int, pending: Launch) -> Path:
        return self._store.replica(self.record.name, replica) / f"launch-{pending.generation}"

    def _name(self, replica: int) -> str:
        return f"replica {self.record.name}/{replica}"

    def _last_words(self, replica: int) -> str:
        return tail(self.log(replica), _LAST_WORDS) or "it said nothing"


async def ungated() -> None:
    """The gate of what the operator does at this machine, an edit of the file, a stop; and of what was let through."""


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True
