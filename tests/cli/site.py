"""A machine with `reflexarc up` on it, used as a person does: by its command line, in processes of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from engine.cli.starts import Start, read_starts

ROOT = Path(__file__).parents[2]
WAIT_S = 20.0

CONFIG = """
node = "n1"

[agent]
interval = "500ms"

[agent.collectors.workload]
status = "{state_dir}/actuator/workloads.status.json"
interval_s = 0.2

[engine]
rules = ["{config_dir}/rules"]
evaluation_interval = "1s"
pinned = ["probe_success"]

[actuator.plugins.process]
workloads = "EXAMPLE/workloads.yaml"
stop_workloads_on_close = true
"""


def command_line(*words: str) -> list[str]:
    return [sys.executable, "-m", "engine.cli.main", *words]


def environment(**more: str) -> dict[str, str]:
    """Ours, without the settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REFLEXARC_")}
    return kept | {"PYTHONPATH": str(ROOT)} | more


class Site:
    """A folder with a configuration, rules and state, and what runs on it. One that does not act has no actuator."""

    def __init__(self, folder: Path, rules: str, *, acts: bool = True) -> None:
        self._acts = acts
        self.rules = folder / "rules" / "shop.yaml"
        self._starts = folder / "starts.jsonl"
        self._config = folder / "reflexarc.toml"
        self._state = folder / "state"
        self._output = folder / "up.out"
        self._up: subprocess.Popen[bytes] | None = None
        self.rules.parent.mkdir()
        self.rules.write_text(rules)
        config = CONFIG if acts else CONFIG.partition("[actuator.plugins")[0]
        self._config.write_text(config.replace("EXAMPLE", str(ROOT / "deploy" / "example")))

    def up(self) -> None:
        """Start everything, and wait until every replica answers and acts are allowed."""
        with self._output.open("wb") as output:
            self._up = subprocess.Popen(self._line("up"), stdout=output, stderr=output, env=self._env())
        self.wait_for(self._is_ready, "everything to be up")

    def run(self, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """One command, to its end, with these variables in its environment."""
        env = self._env() | variables
        return subprocess.run(self._line(*words), capture_output=True, text=True, env=env, timeout=WAIT_S, check=False)

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """One command that goes on, and what it prints."""
        return subprocess.Popen(
            self._line(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self._env()
        )

    def ask(self, *words: str) -> Any:
        """What a command answers with `--json`; None when it fails."""
        ended = self.run(*words, "--json")
        return json.loads(ended.stdout) if ended.returncode == 0 else None

    def wait_for(self, holds: Callable[[], object], what: str) -> None:
        """Ask again and again until it holds."""
        deadline_s = time.monotonic() + WAIT_S
        while not holds():
            assert time.monotonic() < deadline_s, f"waited for {what}; up says:\n{self._output.read_text()}"

    def starts(self) -> list[Start]:
        return read_starts(self._starts) if self._starts.exists() else []

    def processes(self) -> list[psutil.Process]:
        """Everything that runs on this site: `up` itself, the bus, the roles, the workloads."""
        assert self._up
        roles = psutil.Process(self._up.pid).children()
        workloads = [psutil.Process(start.pid) for start in self.starts() if psutil.pid_exists(start.pid)]
        return [psutil.Process(self._up.pid), *roles, *workloads]

    def end(self, how: signal.Signals) -> int:
        """Send `up` a signal; its exit status."""
        assert self._up
        self._up.send_signal(how)
        return self._up.wait(WAIT_S)

    def kill_what_is_left(self) -> None:
        """For a test that failed on the way."""
        if self._up and self._up.poll() is None:
            self.end(signal.SIGTERM)

    def _is_ready(self) -> bool:
        assert self._up
        assert self._up.poll() is None, self._output.read_text()
        if self._acts:
            found = self.ask("query", 'count(probe_success{workload="shop"} == 1)')
            if not found or found[0]["value"] != "3":
                return False
        status = self.ask("status")
        return bool(status) and not status["engine"]["settling"] and all(role["alive"] for role in status["roles"])

    def _line(self, *words: str) -> list[str]:
        return command_line("--config", str(self._config), "--state-dir", str(self._state), *words)

    def _env(self) -> dict[str, str]:
        return environment(SHOP_STARTS=str(self._starts))
