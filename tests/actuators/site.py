"""A place for one test: a workloads file, a state directory, and workloads that count their own starts."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil

from actuators.process.actuator import ProcessActuator, ProcessConfig, build
from schemas.commands import Command, Origin
from schemas.outcomes import Evidence
from schemas.plugins import ActuatorContext, Effect
from schemas.workloads import WorkloadsStatus

_NOTE = 'echo "$REFLEXARC_COMMAND $REFLEXARC_REPLICA $REFLEXARC_GENERATION $REFLEXARC_VERSION" >>{dir}/starts'
GOOD = ["/bin/sh", "-c", f"{_NOTE}; exec sleep 600"]
STUBBORN = ["/bin/sh", "-c", f"trap '' TERM; {_NOTE}; exec sleep 600"]
BROKEN = ["/bin/sh", "-c", f"{_NOTE}; echo 'no configuration' >&2; exit 3"]

WORKLOAD: dict[str, Any] = {
    "version": "v1",
    "replicas": 2,
    "stop_timeout_s": 2,
    "versions": {
        "v1": {"command": GOOD},
        "v2": {"command": GOOD},
        "stubborn": {"command": STUBBORN},
        "broken": {"command": BROKEN},
    },
}


async def open_gate() -> None:
    """Lets every effect through."""


def command(verb: str, target: str, condition: dict[str, Any], *, by: str = "c1", **args: Any) -> Command:
    """A command as the engine would send it."""
    return Command(
        id=by,
        actuator="process",
        scope="n1",
        verb=verb,
        target=target,
        lock="workload:w",
        args=args,
        condition=condition,
        issued_ms=0,
        deadline_ms=0,
        lease_ms=0,
        summary="the worker is down",
        origin=Origin(kind="rule", name="Heal"),
        ladder="l1",
        step=1,
        attempt=1,
        cause=1,
        index=0,
    )


class Shelf:
    """Evidence in memory; it belongs to the site, and so outlives actuators."""

    def __init__(self) -> None:
        self.bundles: dict[str, bytes] = {}

    async def put(self, name: str, content: bytes) -> Evidence:
        self.bundles[name] = content
        return self._evidence(name)

    async def find(self, name: str) -> Evidence | None:
        return self._evidence(name) if name in self.bundles else None

    def _evidence(self, name: str) -> Evidence:
        content = self.bundles[name]
        return Evidence(name=name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


class Site:
    """One node with the workload `w`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "workloads.yaml"
        self.state_dir = directory / "state"
        self.shelf = Shelf()

    def declare(self, **changed: Any) -> None:
        """Write the file: `WORKLOAD` with these fields otherwise."""
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps({"workloads": {"w": WORKLOAD | changed}}, indent=1))
        draft.replace(self.file)

    @asynccontextmanager
    async def actuator(
        self, *, stop: bool = False, owner_wait_s: float = 5.0, **more: Any
    ) -> AsyncIterator[ProcessActuator]:
        config = ProcessConfig(
            workloads=self.file, stop_workloads_on_close=stop, poll_s=0.02, owner_wait_s=owner_wait_s, **more
        )
        context = ActuatorContext(
            scope="n1", state_dir=self.state_dir, now_ms=lambda: 0, evidence=self.shelf, environment=os.environ
        )
        built = await build(config, context)
        try:
            yield built
        finally:
            await built.close()

    def starts(self) -> Counter[str]:
        """How often each command started something, as the workload itself counts."""
        file = self.directory / "starts"
        return Counter(line.split()[0] for line in file.read_text().splitlines()) if file.exists() else Counter()

    def status(self) -> WorkloadsStatus:
        return msgspec.json.decode((self.state_dir / "workloads.status.json").read_bytes(), type=WorkloadsStatus)

    def processes(self) -> list[psutil.Process]:
        """Whatever runs in here."""
        found = []
        for process in psutil.process_iter():
            try:
                if Path(process.cwd()).is_relative_to(self.state_dir):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def clear(self) -> None:
        for process in self.processes():
            process.kill()


async def attributes(actuator: ProcessActuator, target: str) -> dict[str, Any]:
    """What the target is like; {} when there is none."""
    return next((found.attributes for found in await actuator.inventory() if found.id == target), {})


async def ask(actuator: ProcessActuator, verb: str, target: str, *names: str, by: str = "c1", **args: Any) -> Effect:
    """Execute a command that is conditional on what the named attributes are now."""
    now = await attributes(actuator, target)
    return await actuator.execute(command(verb, target, {name: now[name] for name in names}, by=by, **args), open_gate)


async def until(actuator: ProcessActuator, holds: Callable[[], Any]) -> None:
    """Wait for the actuator's changes until `holds()`."""
    if not await _value(holds()):
        async for _ in actuator.changes():
            if await _value(holds()):
                return


async def _value(found: Any) -> bool:
    return bool(await found if hasattr(found, "__await__") else found)
