"""The actuator `process`: a workload whose replicas write down each of their starts."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, ClassVar, Self

import psutil

from actuators.process import SPEC
from actuators.process.actuator import ProcessActuator
from schemas.plugins import Actuator, ActuatorSpec
from tests.actuators.conformance.harness import Case
from tests.actuators.site import Site, ask


async def _done_before(actuator: Actuator, verb: str, target: str, condition: str, **args: Any) -> None:
    assert isinstance(actuator, ProcessActuator)
    await ask(actuator, verb, target, condition, by="before", **args)


async def deployed(actuator: Actuator) -> None:
    await _done_before(actuator, "deploy", "workload:w", "revision", version="v2")


async def isolated(actuator: Actuator) -> None:
    await _done_before(actuator, "isolate", "replica:w/0", "generation")


async def frozen(actuator: Actuator) -> None:
    await _done_before(actuator, "isolate", "workload:w", "generation")


class ProcessHarness:
    """Starts are counted by the processes themselves; where a verb starts none, what stands still or is gone counts."""

    spec: ClassVar[ActuatorSpec] = SPEC
    cases: ClassVar[Mapping[str, Case]] = {
        "restart replica": Case("restart", "replica:w/0", changes={"generation": 2}),
        "restart workload": Case("restart", "workload:w", changes={"generation": 2}),
        "scale up": Case("scale", "workload:w", {"replicas": 2}, changes={"replicas": 2}, undone=True),
        "scale down": Case("scale", "workload:w", {"replicas": 0}, changes={"replicas": 0}, undone=True),
        "deploy": Case(
            "deploy",
            "workload:w",
            {"version": "v2"},
            changes={"version": "v2", "previous_version": "v1"},
            undone=True,
        ),
        "rollback": Case(
            "rollback",
            "workload:w",
            given=deployed,
            changes={"version": "v1", "previous_version": None},
            undone=True,
        ),
        "isolate replica": Case("isolate", "replica:w/0", changes={"generation": 2}, undone=True),
        "isolate workload": Case("isolate", "workload:w", changes={"generation": 2, "isolated": True}, undone=True),
        "release replica": Case("release", "isolated:w/0/1", given=isolated),
        "release workload": Case("release", "isolation:w", given=frozen),
        "collect": Case("collect", "workload:w", {"evidence": ["workload"]}),
    }

    def __init__(self, folder: Path) -> None:
        self.site = Site(folder)
        self.site.declare(replicas=1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.site.clear()

    def actuator(self) -> AbstractAsyncContextManager[Actuator]:
        return self.site.actuator()

    def effects(self, case: Case, command: str) -> int:
        stopped = [process.status() == psutil.STATUS_STOPPED for process in self.site.processes()]
        match case:
            case Case(verb="collect"):
                return list(self.site.shelf.bundles).count(command)
            case Case(verb="scale", args={"replicas": 0}):
                return 1 - len(stopped)
            case Case(verb="isolate", target="workload:w"):
                return sum(stopped)
            case Case(verb="release", target="isolated:w/0/1"):
                return 0 if any(stopped) else 1
            case Case(verb="release"):
                return 0 if all(stopped) else 1
        return self.site.starts()[command]
