"""What `up` does about a role that dies: it says why, and starts it again."""

import asyncio
import os
import sys
from pathlib import Path

import structlog.testing

from engine.runtime.supervisor import Role, Supervisor, last_words

DIES_ONCE = """
import pathlib, sys, time
mark = pathlib.Path(sys.argv[1])
if mark.exists():
    time.sleep(60)
mark.touch()
raise ExceptionGroup("several", [OSError("the disk is full")])
"""


async def test_a_role_that_dies_is_reported_with_its_last_words_and_starts_again(tmp_path: Path) -> None:
    """The person at the terminal need not open the log to know what is wrong."""
    role = Role("engine", [sys.executable, "-c", DIES_ONCE, str(tmp_path / "mark")])
    supervisor = Supervisor(None, [role], tmp_path / "logs", os.environ)
    with structlog.testing.capture_logs() as told:
        supervisor.start()
        first = supervisor.pids()["engine"]
        async with asyncio.timeout(10):
            while supervisor.pids()["engine"] == first:
                await asyncio.sleep(0.01)
        await supervisor.stop()
    assert [(line["event"], line["role"], line["status"], line["last"]) for line in told] == [
        ("role_died", "engine", 1, "OSError: the disk is full")
    ]
    assert supervisor.pids()["engine"] != first


def test_the_last_words_of_a_silent_role_are_empty(tmp_path: Path) -> None:
    """A role that was killed before it said anything has an empty log, and that is no error."""
    log = tmp_path / "engine.log"
    log.touch()
    assert last_words(log) == ""
