"""What everything on one machine costs while nothing happens: `reflexarc up` with the example of deploy/."""

import asyncio
import sys
import tempfile
from pathlib import Path

import psutil

from tests.bench.figures import Figure
from tests.bench.site import REPOSITORY, running

CONFIG = REPOSITORY / "deploy" / "example" / "reflexarc.toml"
PROCESSES = 4
SETTLED_S = 12.0
MEASURED_S = 20.0


async def run() -> list[Figure]:
    """For information: nothing here is promised."""
    with tempfile.TemporaryDirectory(prefix="reflexarc-bench-") as folder:
        options = ["--config", str(CONFIG), "--state-dir", f"{folder}/state"]
        command = [sys.executable, "-m", "engine.cli.main", *options, "up"]
        with running(command, Path(folder, "up.log"), Path(folder)) as up:
            await asyncio.sleep(SETTLED_S)
            before_s = _cpu_s(up)
            await asyncio.sleep(MEASURED_S)
            share = (_cpu_s(up) - before_s) / MEASURED_S
    return [Figure(name="`up` at rest, server and all roles, CPU of a core", measured=share * 100, unit="%")]


def _cpu_s(up: psutil.Process) -> float:
    """What `up` and the processes that it started itself have used; not what the workloads do."""
    started = up.children()
    assert len(started) >= PROCESSES, f"expected the server and every role, found {started}"
    times = [process.cpu_times() for process in (up, *started)]
    return sum(each.user + each.system for each in times)
