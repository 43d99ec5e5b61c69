"""A whole Reflexarc on this machine, each role its own process, any of which can be killed and started again."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from engine.cli.history import Happening, read_audit
from engine.runtime import streams
from engine.runtime.asking import NobodyAnswersError, ask
from engine.runtime.bus import Bus
from engine.runtime.credentials import Role
from engine.runtime.lifetime import die_with
from engine.runtime.server import EmbeddedServer

NODE = "n1"
POLL_S = 0.02
ROLES = ("agent", "engine", "actuator")

CONFIG = """\
node = "n1"

[agent]
interval = "200ms"

[agent.collectors.workload]
status = "{state_dir}/actuator/workloads.status.json"

[engine]
rules = ["{config_dir}/rules.yaml"]
evaluation_interval = "1s"
tick = "200ms"
command_ttl = "5s"
lease = "2s"
snapshot_every = "3s"
snapshots_kept = 1000

[actuator.plugins.process]
workloads = "{config_dir}/workloads.yaml"
stop_workloads_on_close = true

[actuator.plugins.page.receivers.oncall]
file = "{state_dir}/pages.jsonl"
"""

RULES = """\
groups:
  - name: crash
    rules:
      - alert: ReplicaDown
        expr: up{workload!=""} == 0
        for: 200ms
        labels: {severity: critical}
      - heal: RestartReplica
        alert: ReplicaDown
        mode: auto
        cooldown: 0s
        steps:
          - restart: {workload: "{{ $labels.workload }}", replica: "{{ $labels.replica }}"}
            verify:
              expr: up{workload="{{ $labels.workload }}", replica="{{ $labels.replica }}"} == 1
              within: 10s
              hold: 300ms
          - page: {receiver: oncall}
"""

WORKLOADS = """\
workloads:
  fast:
    version: v1
    replicas: 5
    stop_timeout_s: 2
    versions:
      v1: {command: ["{python}", "-S", "WORKER"], env: {STARTS: "STARTS_FILE"}}
  slow:
    version: v1
    replicas: 1
    stop_timeout_s: 2
    health: {path: /}
    versions:
      v1: {command: ["{python}", "-S", "WORKER"], env: {STARTS: "STARTS_FILE", START_DELAY_S: "3"}}
"""


class Cluster:
    """The processes, and what can be seen of them from outside."""

    def __init__(self, folder: Path, rules: str = RULES, config: str = CONFIG, roles: Sequence[str] = ROLES) -> None:
        self.folder = folder
        self._rules = rules
        self._config = config
        self._roles = roles
        self.state_dir = folder / "state"
        self.starts_file = folder / "starts.jsonl"
        self.server = EmbeddedServer(self.state_dir / "nats", node=NODE)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    async def start(self) -> None:
        """Write the configuration and start everything."""
        worker = str(Path(__file__).with_name("worker.py"))
        workloads = WORKLOADS.replace("WORKER", worker).replace("STARTS_FILE", str(self.starts_file))
        (self.folder / "workloads.yaml").write_text(workloads)
        (self.folder / "rules.yaml").write_text(self._rules)
        (self.folder / "reflexarc.toml").write_text(self._config)
        self.starts_file.touch()
        await self.start_server()
        bus = await self.connect("engine")
        await streams.ensure(bus)
        await bus.close()
        for role in self._roles:
            self.start_role(role)

    async def stop(self) -> None:
        """End everything, the workloads with their actuator."""
        for role in reversed(self._roles):
            process = self._processes.get(role)
            if process and process.poll() is None:
                process.terminate()
                await asyncio.to_thread(process.wait)
        await self.server.stop()

    async def start_server(self) -> None:
        self.server.start()
        await self.server.wait_ready()

    def _words(self, *words: str) -> list[str]:
        ours = [sys.executable, "-m", "engine.cli.main", "--config", str(self.folder / "reflexarc.toml")]
        return [*ours, "--state-dir", str(self.state_dir), *words]

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A person types one command."""
        return subprocess.run(self._words(*words), capture_output=True, text=True, timeout=30, check=False)

    def start_role(self, role: str) -> None:
        with (self.folder / f"{role}.log").open("ab") as log:
            self._processes[role] = subprocess.Popen(
                self._words(role),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 - it takes no lock and calls only the kernel
            )

    async def kill(self, role: str) -> None:
        """`kill -9`, and nothing else."""
        if role == "nats-server":
            os.kill(self.server.pid, signal.SIGKILL)
            await self.server.wait()
        else:
            self._processes[role].kill()
            await asyncio.to_thread(self._processes[role].wait)

    async def start_again(self, role: str) -> None:
        if role == "nats-server":
            await self.start_server()
        else:
            self.start_role(role)

    async def connect(self, role: Role = "operator") -> Bus:
        assert self.server.credentials
        return await Bus.connect(*self.server.credentials.access(role), name="crash-test")

    # --- the workloads' own story ---

    def starts(self) -> list[dict[str, Any]]:
        """Every start that a workload has counted, oldest first."""
        return [json.loads(line) for line in self.starts_file.read_text().splitlines()]

    def commanded_starts(self) -> list[str]:
        """The command of each start but the first ones, which workloads.yaml declares."""
        return [start["command"] for start in self.starts() if not start["command"].startswith("declared-")]

    def replica(self, name: str) -> psutil.Process:
        """The process of a replica, as the status file names it."""
        return psutil.Process(self._status(name)["pid"])

    def _status(self, name: str) -> dict[str, Any]:
        content = json.loads((self.state_dir / "actuator" / "workloads.status.json").read_bytes())
        found: dict[str, Any] = next(r for r in content["replicas"] if f"{r['workload']}/{r['replica']}" == name)
        return found

    def crash(self, name: str) -> int:
        """Kill a replica, as a fault would. Returns how often it had been started."""
        self.replica(name).kill()
        return self.count_starts(name)

    def count_starts(self, name: str) -> int:
        return sum(start["replica"] == name for start in self.starts())


@asynccontextmanager
async def running(folder: Path, rules: str = RULES) -> AsyncIterator[Cluster]:
    """A started cluster whose workloads are up and known to the engine."""
    cluster = Cluster(folder, rules)
    await cluster.start()
    try:
        await until(lambda: len(cluster.starts()) == 6, "the workloads to start", timeout_s=30)
        yield cluster
    finally:
        await cluster.stop()


async def until(holds: Callable[[], bool], what: str, *, timeout_s: float = 30) -> None:
    """Wait until a condition of the outside world holds."""
    try:
        async with asyncio.timeout(timeout_s):
            while not holds():
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise AssertionError(f"waited {timeout_s} s in vain for {what}") from None


async def audit_until(bus: Bus, holds: Callable[[list[Happening]], bool], what: str, *, timeout_s: float = 45) -> None:
    """Wait until the audit, its chain checked, says so."""
    try:
        async with asyncio.timeout(timeout_s):
            while not holds(await read_audit(bus)):
                await asyncio.sleep(5 * POLL_S)
    except TimeoutError:
        tail = "\n".join(str(found) for found in (await read_audit(bus))[-12:])
        raise AssertionError(f"waited {timeout_s} s in vain for {what}; the audit ends:\n{tail}") from None


async def known_to_engine(bus: Bus, targets: set[str], *, timeout_s: float = 30) -> None:
    """Wait until the engine has rules, and these targets in its inventory."""
    async with asyncio.timeout(timeout_s):
        while True:
            with suppress(NobodyAnswersError):
                status = await ask(bus, "engine", "status")
                known = {target for owned in status["inventory"].values() for target in owned}
                if status["rules"]["alert"] and targets <= known:
                    return
            await asyncio.sleep(POLL_S)
