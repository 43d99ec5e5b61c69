"""How fast rules are matched with events: docs/benchmarks.md explains each figure."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.sigma import beside, throughput
from tests.bench.sigma.rules import load

MAX_COLD_S = 15.0
MAX_CACHED_S = 1.0


async def run() -> list[Figure]:
    """The figures; nothing in here waits."""
    with tempfile.TemporaryDirectory(prefix="reflexarc-bench-") as folder:
        loading = [_loading_s(folder), _loading_s(folder)]
        rules = load(Path(folder))
    return [
        Figure(name="loading all rules, none read before", measured=loading[0], unit="s", limit=MAX_COLD_S),
        Figure(name="loading all rules, all read before", measured=loading[1], unit="s", limit=MAX_CACHED_S),
        *throughput.run(rules),
        *beside.run(rules),
    ]


def _loading_s(folder: str) -> float:
    """In a process of its own, which has read nothing."""
    command = [sys.executable, "-m", "tests.bench.sigma.loading", folder]
    return float(subprocess.run(command, capture_output=True, check=True).stdout)
