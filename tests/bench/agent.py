"""What a node agent costs by itself: memory and CPU of `reflexarc agent`, installed without extras, at five seconds."""

import asyncio
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil

from engine.runtime.lookup import last
from schemas import subjects
from tests.bench.figures import Figure
from tests.bench.site import NODE, REPOSITORY, Site, open_site

CONFIG = Path(__file__).with_name("agent.toml")
IMPORTED_S = 10.0
MEASURED_S = 60.0
SAMPLE_EVERY_S = 1.0

MAX_MEMORY_MB = 60.0
MAX_CPU_PERCENT = 2.0


async def run() -> list[Figure]:
    """Install it in an environment of its own, run it, and look."""
    async with open_site() as site:
        python = await asyncio.to_thread(_install, site.folder)
        agent = site.start_role("agent", CONFIG, python)
        await asyncio.sleep(IMPORTED_S)  # starting up is not what an agent does all day
        memory_mb, cpu_percent = await _watch(agent)
        await _check_works(site)
    return [
        Figure(name="agent, memory (peak RSS)", measured=memory_mb, unit="MB", limit=MAX_MEMORY_MB),
        Figure(name="agent, CPU of a core", measured=cpu_percent, unit="%", limit=MAX_CPU_PERCENT),
    ]


def _install(folder: Path) -> str:
    """A fresh environment with nothing but `pip install .` of a copy of this repository; its Python."""
    source = folder / "source"
    shutil.copytree(REPOSITORY, source, ignore=shutil.ignore_patterns(".*", "*.egg-info", "build", "tests"))
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = str(folder / "venv" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-qq", source], check=True, cwd=folder)
    return python


async def _watch(agent: psutil.Process) -> tuple[float, float]:
    """Its largest resident memory in MB, and its share of a core in per cent."""
    started_s, cpu_s, peak_bytes = time.monotonic(), _cpu_s(agent), 0
    while time.monotonic() < started_s + MEASURED_S:
        await asyncio.sleep(SAMPLE_EVERY_S)
        peak_bytes = max(peak_bytes, agent.memory_info().rss)
    share = (_cpu_s(agent) - cpu_s) / (time.monotonic() - started_s)
    return peak_bytes / 1e6, share * 100


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def _check_works(site: Site) -> None:
    """An agent that sends nothing would cost little."""
    newest = await last(site.bus, subjects.JOURNAL, subjects.metrics(NODE, "host"))
    assert newest, site.log_of("agent").read_text()
    assert time.time() * 1000 - newest.time_ms < 2 * 5000, "the agent has stopped sending"
