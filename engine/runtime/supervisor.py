"""`up`: the roles of one machine as processes of their own, started again when they die, stopped in order.

The roles know nothing of it: each is the same process that runs against a bus elsewhere. What they run (workloads) is
not supervised here either; that is what rules are for.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import structlog

from engine.runtime.lifetime import die_with
from engine.runtime.server import EmbeddedServer, ServerError

log = structlog.get_logger()

POLL_S = 0.05
STOP_TIMEOUT_S = 20.0
LOG_TAIL_BYTES = 16_384


@dataclass(frozen=True)
class Role:
    """One process: its name, and the words that start it."""

    name: str
    command: Sequence[str]


class Pauses:
    """How long to wait before the next start: what lived for a while starts again at once, what dies faster waits
    longer each time.
    """

    STEADY_S = 10.0
    LONGEST_S = 5.0

    def __init__(self) -> None:
        self._pause_s = 0.0
        self._started_s = time.monotonic()

    def started(self) -> None:
        self._started_s = time.monotonic()

    def next_s(self) -> float:
        steady = time.monotonic() - self._started_s > self.STEADY_S
        self._pause_s = 0.0 if steady else min(2 * self._pause_s + 0.1, self.LONGEST_S)
        return self._pause_s


class Supervisor:
    """Keeps the roles running, and the embedded server where there is one, which is started and stopped by its owner.

    Each death is a warning in the log, with the last thing that the process had to say.
    """

    def __init__(
        self, server: EmbeddedServer | None, roles: Sequence[Role], logs_dir: Path, env: Mapping[str, str]
    ) -> None:
        self._server = server
        self._roles = roles
        self._logs_dir = logs_dir
        self._env = dict(env)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._keeping: list[asyncio.Task[None]] = []

    def pids(self) -> dict[str, int]:
        """The process of each role, and of the server as `nats-server`."""
        own = {"nats-server": self._server.pid} if self._server else {}
        return own | {name: process.pid for name, process in self._running.items()}

    def start(self) -> None:
        """Start every role, and from then on keep everything running."""
        self._logs_dir.mkdir(parents=True, exist_ok=True)
        for role in self._roles:
            self._running[role.name] = self._start(role)
        self._keeping = [asyncio.create_task(self._keep(role)) for role in self._roles]
        if self._server:
            self._keeping.append(asyncio.create_task(self._keep_server(self._server)))

    async def wait(self) -> None:
        """Wait until cancelled; an error of our own ends it."""
        await asyncio.gather(*self._keeping)

    async def stop(self) -> None:
        """Stop the roles in their order, each after the one before has ended."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        for role in self._roles:
            await _stop(self._running[role.name])

    async def _keep(self, role: Role) -> None:
        pauses = Pauses()
        while True:
            process = self._running[role.name]
            while process.poll() is None:
                await asyncio.sleep(POLL_S)
            pause_s = pauses.next_s()
            log_file = self._log_file(role)
            _tell(role.name, last_words(log_file), pause_s, status=process.returncode, log=str(log_file))
            await asyncio.sleep(pause_s)
            self._running[role.name] = self._start(role)
            pauses.started()

    async def _keep_server(self, server: EmbeddedServer) -> None:
        """A server that ended, or cannot store any more, is started again; its error says where and how much room."""
        pauses = Pauses()
        serving: Coroutine[Any, Any, NoReturn] = server.watch()
        while True:
            try:
                await serving
            except ServerError as error:
                pause_s = pauses.next_s()
                _tell("nats-server", str(error), pause_s)
            await server.stop()
            await asyncio.sleep(pause_s)
            pauses.started()
            serving = _serve(server)

    def _start(self, role: Role) -> subprocess.Popen[bytes]:
        with self._log_file(role).open("ab") as log_file:
            return subprocess.Popen(
                role.command,
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
                env=self._env,
                start_new_session=True,  # Ctrl-C is for us; we stop them in order
                preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 - it takes no lock and calls only the kernel
            )

    def _log_file(self, role: Role) -> Path:
        return self._logs_dir / f"{role.name}.log"


def last_words(log_file: Path) -> str:
    """The last line of a log that says something: a traceback of several errors ends with a mere frame."""
    with log_file.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES, 0))
        lines = [line.strip(" |+-") for line in file.read().decode(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")


def _tell(role: str, last: str, again_in_s: float, **more: object) -> None:
    log.warning("role_died", role=role, **more, again_in_s=round(again_in_s, 1), last=last)


async def _serve(server: EmbeddedServer) -> NoReturn:
    server.start()
    await server.wait_ready()
    await server.watch()


async def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    for _ in range(int(STOP_TIMEOUT_S / POLL_S)):
        if process.poll() is not None:
            return
        await asyncio.sleep(POLL_S)
    process.kill()
    process.wait()
