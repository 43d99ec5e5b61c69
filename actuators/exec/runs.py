"""What is remembered of each run, and how a run is started once: a folder for each in the state directory.

    <state_dir>/exec/<run>/run.json      what is to run, written before anything is started
                           mark          who runs it; locked until that is certain
                           result.json   how it ended, written by the runner

A run without a mark was never started and never will be by anybody but its own command. One with a mark and a result
has ended; with a mark, a living runner and no result it goes on; without a runner it was cut, and nobody can tell what
it did. A run is named by the digest of its command's id.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from actuators.process import processes
from actuators.process.launch import launched
from actuators.process.processes import Process
from actuators.process.store import write

RUNNER = Path(__file__).with_name("runner.py")
KEPT = 16
"""Runs of each command that are remembered: what is older was answered long ago."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One run as it was decided. `number` counts the runs of `command`; the names in `variables` are those of the
    environment, whose values are written nowhere, and those in `secrets` of what is taken out of the output. `reverts`
    is the run that this one undoes.
    """

    run: str
    command: str
    number: int
    args: dict[str, str]
    before: dict[str, Any]
    reverts: str
    argv: list[str]
    variables: list[str]
    secrets: list[str]
    directory: str
    user: tuple[int, int] | None
    timeout_s: float
    cpu_s: int | None
    memory_bytes: int | None
    file_bytes: int | None
    output_bytes: int
    success: list[int]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: with an exit status, by a signal, or with an error before it began."""

    error: str
    timed_out: bool
    exit: int | None
    signal: int | None
    output: str
    output_bytes: int


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run that was started."""

    plan: Plan
    process: Process
    result: Result | None
    living: bool

    @property
    def state(self) -> Literal["running", "succeeded", "failed", "cut"]:
        if self.result is None:
            return "running" if self.living else "cut"
        return "succeeded" if self.result.exit in self.plan.success and not self.result.timed_out else "failed"


def run_of(command: str) -> str:
    """The name of a command's run."""
    return hashlib.blake2b(command.encode(errors="surrogatepass"), digest_size=16).hexdigest()


class Runs:
    """All runs below a folder. Blocking; whoever is called from the loop calls in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def find(self, run: str) -> Run | None:
        """The run, if it was started. Waits for whoever is about to start it."""
        folder = self._folder / run
        process = launched(folder / "mark")
        if process is None:
            return None
        plan = msgspec.json.decode((folder / "run.json").read_bytes(), type=Plan)
        living = processes.alive(process)  # asked first: what has ended has written its result before
        return Run(plan=plan, process=process, result=_result(folder), living=living)

    def all(self) -> list[Run]:
        """Every run that was started, in the order of each command's."""
        found = [self.find(folder.name) for folder in sorted(self._folder.iterdir())]
        return sorted((run for run in found if run), key=lambda run: (run.plan.command, run.plan.number))

    def start(self, plan: Plan, environment: Mapping[str, str]) -> Run:
        """Start it unless it was started. Raises `OSError` where the machine refuses."""
        folder = self._folder / plan.run
        folder.mkdir(exist_ok=True, mode=0o700)
        with (folder / "mark").open("a+b") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX)
            mark.seek(0)
            if not mark.read().endswith(b"\n"):
                mark.truncate(0)
                write(folder / "run.json", msgspec.json.encode(plan))
                runner = _spawn(mark.fileno(), folder, environment)
                mark.close()
                if launched(folder / "mark") is None:
                    os.waitpid(runner, 0)
        found = self.find(plan.run)
        if found is None:
            raise OSError(f"{RUNNER.name} could not be started")
        return found

    def forget(self, runs: Sequence[Run]) -> list[str]:
        """Forget the oldest of these runs of one command, if there are more than are kept; which that were."""
        forgotten = [run.plan.run for run in runs[:-KEPT] if not run.living]
        for run in forgotten:
            # What is left when we die half-way is no run any more.
            (self._folder / run / "mark").unlink(missing_ok=True)
            shutil.rmtree(self._folder / run, ignore_errors=True)
        return forgotten


def _result(folder: Path) -> Result | None:
    try:
        return msgspec.json.decode((folder / "result.json").read_bytes(), type=Result)
    except FileNotFoundError:
        return None


def _spawn(mark: int, folder: Path, environment: Mapping[str, str]) -> int:
    # In a session of its own it outlives us.
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", str(RUNNER), str(folder)],
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_DUP2, mark, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
        setsid=True,
        setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
    )
