"""Starting a process so that anybody can tell later, for certain, whether it was started.

The mark of a launch is a file that the launcher, a few words of shell, writes its own identity into and then becomes
the program. The file is its standard input and is locked from before the fork until the exec closes it. So whoever
gets the lock finds either the process, which was started (though it may have died since), or nothing, and then it never
will be: there is no instant at which a killed actuator leaves this open.
"""

import fcntl
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from actuators.process import processes
from actuators.process.processes import Process

_LAUNCHER = (
    "read -r boot </proc/sys/kernel/random/boot_id && read -r stat </proc/$$/stat"
    ' && cd -- "$1" && shift && echo "$boot $stat" >&0 && exec "$@" </dev/null'
)


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, where, and the file to which its output is appended."""

    argv: Sequence[str]
    env: Mapping[str, str]
    directory: Path
    log: Path


def launch(mark: Path, program: Program) -> Process | None:
    """Start the program unless the mark says that it was; returns once that is certain, some milliseconds later.

    None: it could not be started; the log says why. Raises `OSError` when the machine refuses (disk, processes).
    """
    with mark.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if process := _read(file):
            return process
        file.truncate(0)
        launcher = _spawn(file, program)
    process = launched(mark)
    if process is None:
        os.waitpid(launcher, 0)
    return process


def launched(mark: Path) -> Process | None:
    """The process that a launch became, or None if there never will be one. Waits for a launcher at work."""
    try:
        file = mark.open("rb")
    except FileNotFoundError:
        return None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        return _read(file)


def _read(file: BinaryIO) -> Process | None:
    file.seek(0)
    line = file.read().decode()
    # A torn line means that the launcher could not write, and then it did not go on to exec.
    return processes.parse(line) if line.endswith("\n") else None


def _spawn(mark: BinaryIO, program: Program) -> int:
    with program.log.open("ab") as log:
        # In a session of its own it outlives us, and the signals that Python ignores are as a program expects them.
        return os.posix_spawn(
            "/bin/sh",
            ["/bin/sh", "-c", _LAUNCHER, "reflexarc-launch", str(program.directory), *program.argv],
            program.env,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, mark.fileno(), 0),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
            ],
            setsid=True,
            setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
        )
