"""A node with declared commands, and the actuator on it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from actuators.exec.actuator import ExecActuator, build
from actuators.exec.config import ExecConfig
from schemas.commands import Command
from schemas.plugins import ActuatorContext
from schemas.secrets import Secrets
from tests.actuators.exec.program import Program
from tests.actuators.site import Shelf, command

ANY = {"type": "text", "pattern": "(?s).*"}


class Place:
    """Commands that run one program; what they are is merged over a usual one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = Program(folder)
        self.shelf = Shelf()
        self.secrets = Secrets()
        self.config: dict[str, Any] = {}

    def declare(self, name: str = "tidy", does: str = "say", *words: str, **more: Any) -> None:
        """A command that has the program do `does`, with these words after it."""
        self.config[name] = {"argv": [str(self.program.path), does, *words], "timeout_s": 10, **more}

    @asynccontextmanager
    async def actuator(self) -> AsyncIterator[ExecActuator]:
        config = ExecConfig.model_validate({"commands": self.config})
        context = ActuatorContext(
            scope="n1", state_dir=self.folder / "state", now_ms=lambda: 0, evidence=self.shelf, secrets=self.secrets
        )
        built = await build(config, context)
        yield built
        await built.close()

    def clear(self) -> None:
        """End whatever still runs."""
        for process in psutil.process_iter(["cmdline"]):
            if any(str(self.folder) in word for word in process.info["cmdline"] or ()):
                process.kill()

    def received(self) -> list[dict[str, Any]]:
        return self.program.received()


def run(name: str = "tidy", /, *, by: str = "c1", condition: Mapping[str, Any] | None = None, **params: Any) -> Command:
    """A command to run the declared command."""
    return command("run", f"command:{name}", dict(condition or {}), by=by, command=name, **params)
