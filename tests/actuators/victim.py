"""Runs actuators that can be killed at any instant: `python -m tests.actuators.victim`, one request a line.

A request names a directory, a command, and optionally at which of its operations on the system the actuator is to kill
itself. Each actuator is a fork of this process, so that it costs milliseconds. It answers the pid as a line when it is
about to execute, and another line when it has ended.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec

from schemas.commands import Command
from tests.actuators.site import Site, open_gate

OPERATIONS = frozenset(
    {"fcntl.flock", "os.posix_spawn", "os.remove", "os.rename", "os.truncate", "signal.pidfd_send_signal"}
)
"""What changes the world, by the name of its audit event, which Python raises right before it."""


class Request(msgspec.Struct):
    directory: str
    command: Command
    killed_at: int | None = None


def kill_before(operation: int) -> None:
    """Die as by `kill -9` right before the so-manieth operation from now."""
    seen = 0

    def count(event: str, args: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in OPERATIONS:
            seen += 1
            if seen == operation:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


async def execute(request: Request) -> None:
    async with Site(Path(request.directory)).actuator() as actuator:
        say(os.getpid())
        if request.killed_at is not None:
            kill_before(request.killed_at)
        await actuator.execute(request.command, open_gate)


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    for line in sys.stdin:
        request = msgspec.json.decode(line, type=Request)
        child = os.fork()
        if child == 0:
            asyncio.run(execute(request))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        say("killed" if os.WIFSIGNALED(status) else f"exited {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
