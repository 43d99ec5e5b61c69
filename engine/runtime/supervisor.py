"""`up`: the roles of one machine as processes of their own, started again when they die, stopped in order.

The roles know nothing of it: each is the same process that runs against a bus elsewhere. What they run (workloads) is
not supervised here either; that is what rules are for.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from engine.runtime.lifetime import die_with
from engine.runtime.server import EmbeddedServer

log = structlog.get_logger()

POLL_S = 0.05
STEADY_S = 10.0
"""A role that lived so long starts again at once; one that dies faster waits longer each time."""
MAX_PAUSE_S = 5.0
STOP_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Role:
    """One process: its name, and the words that start it."""

    name: str
    command: Sequence[str]


class Supervisor:
    """Runs the embedded server, where there is one, and the roles."""

    def __init__(
        self, server: EmbeddedServer | None, roles: Sequence[Role], logs_dir: Path, env: Mapping[str, str]
    ) -> None:
        self._server = server
        self._roles = roles
        self._logs_dir = logs_dir
        self._env = dict(env)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def pids(self) -> dict[str, int]:
        """The process of each role, and of the server as `nats-server`."""
        own = {"nats-server": self._server.pid} if self._server else {}
        return own | {name: process.pid for name, process in self._running.items()}

    async def run(self) -> None:
        """Keep everything running until cancelled, then stop the roles, in their order, and the server last."""
        self._logs_dir.mkdir(parents=True, exist_ok=True)
        try:
            async with asyncio.TaskGroup() as group:
                if self._server:
                    group.create_task(self._keep_server(self._server))
                for role in self._roles:
                    group.create_task(self._keep(role))
        finally:
            for role in self._roles:
                await self._stop(role)
            if self._server:
                await self._server.stop()

    async def _keep(self, role: Role) -> None:
        pause_s = 0.0
        while True:
            process = self._running[role.name] = self._start(role)
            started_s = time.monotonic()
            while process.poll() is None:
                await asyncio.sleep(POLL_S)
            log.warning("role_died", role=role.name, status=process.returncode, log=str(self._log_file(role)))
            steady = time.monotonic() - started_s > STEADY_S
            pause_s = 0.0 if steady else min(2 * pause_s + 0.1, MAX_PAUSE_S)
            await asyncio.sleep(pause_s)

    async def _keep_server(self, server: EmbeddedServer) -> None:
        while True:
            status = await server.wait()
            log.warning("role_died", role="nats-server", status=status, log=str(server.log_file))
            server.start()
            await server.wait_ready()

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

    async def _stop(self, role: Role) -> None:
        process = self._running.get(role.name)
        if process is None or process.poll() is not None:
            return
        process.terminate()
        for _ in range(int(STOP_TIMEOUT_S / POLL_S)):
            if process.poll() is not None:
                return
            await asyncio.sleep(POLL_S)
        process.kill()
        process.wait()

    def _log_file(self, role: Role) -> Path:
        return self._logs_dir / f"{role.name}.log"
