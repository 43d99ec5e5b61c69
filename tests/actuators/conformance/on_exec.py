"""The actuator `exec`: a command, and one that undoes it."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import ClassVar, Self

from actuators.exec import SPEC
from actuators.exec.runs import run_of
from schemas.plugins import Actuator, ActuatorSpec
from tests.actuators.conformance.harness import Case
from tests.actuators.exec.place import ANY, Place, run
from tests.actuators.site import open_gate


async def blocked(actuator: Actuator) -> None:
    await actuator.execute(run("block", by="before", name="a"), open_gate)


class ExecHarness:
    """The program counts its own runs."""

    spec: ClassVar[ActuatorSpec] = SPEC
    cases: ClassVar[Mapping[str, Case]] = {
        "run": Case("run", "command:block", {"command": "block", "name": "b"}, changes={"runs": 1}, undone=True),
        "revert": Case("revert", f"run:block/{run_of('before')}", given=blocked, changes={"state": "reverted"}),
    }

    def __init__(self, folder: Path) -> None:
        self._place = Place(folder)
        for name, undo in (("block", "allow"), ("allow", None)):
            self._place.declare(name, "say", name, "{name}", parameters={"name": ANY}, undo=undo)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self._place.clear()

    def actuator(self) -> AbstractAsyncContextManager[Actuator]:
        return self._place.actuator()

    def effects(self, case: Case, command: str) -> int:
        # Which command a run was of, the program does not know; it knows what it was to do.
        words = ["block", "b"] if case.verb == "run" else ["allow", "a"]
        return [received["argv"][1:] for received in self._place.received()].count(words)
