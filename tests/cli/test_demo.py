"""`reflexarc demo`, as anybody runs it first."""

import json
import subprocess
from pathlib import Path

import psutil

from tests.cli.site import command_line, environment

DEMO_LIMIT_S = 60


def test_the_demo_heals_two_incidents_and_leaves_nothing(tmp_path: Path) -> None:
    """A killed replica is restarted, a bad version rolled back after a restart did not help; then all is gone."""
    env = environment(TMPDIR=str(tmp_path))
    ended = subprocess.run(
        command_line("demo", "--json"), capture_output=True, text=True, env=env, timeout=DEMO_LIMIT_S, check=False
    )
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout)
    killed, deployed = summary["incidents"]
    assert [step["step"] for step in killed["steps"]] == [
        *("sensed", "pending", "firing", "decided", "commanded", "acted", "resolved", "verified")
    ]
    assert (killed["healed"], killed["healed_by"]) == (True, "restart")
    assert [step["what"].split()[0] for step in deployed["steps"] if step["step"] == "decided"] == [
        *("restart", "rollback")
    ]
    assert (deployed["healed"], deployed["healed_by"]) == (True, "rollback")
    assert [(each["expected"], each["counted"]) for each in summary["starts"]] == [(1, 1), (3, 3), (3, 3), (3, 3)]
    assert list(tmp_path.iterdir()) == []
    assert [process for process in psutil.process_iter() if str(tmp_path) in _environ(process)] == []


def _environ(process: psutil.Process) -> str:
    try:
        return " ".join(process.environ().values())
    except psutil.Error:
        return ""


def test_the_demo_refuses_a_bus_that_is_not_its_own() -> None:
    """It breaks things; that is for its own folder only. Wrong usage exits 2."""
    line = command_line("--nats", "nats://127.0.0.1:4222", "demo")
    ended = subprocess.run(line, capture_output=True, text=True, env=environment(), timeout=DEMO_LIMIT_S, check=False)
    assert ended.returncode == 2
    assert "leave out --state-dir and --nats" in ended.stderr
