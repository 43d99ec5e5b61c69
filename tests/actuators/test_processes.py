"""Telling processes apart, and starting one so that it is certain whether it was started."""

import asyncio
import fcntl
import os
import signal
import threading
from asyncio.subprocess import PIPE
from pathlib import Path

import psutil
import pytest

from actuators.process import processes, signals
from actuators.process.launch import Program, launch, launched
from tests.actuators.site import open_gate


def _line(pid: int) -> str:
    return f"{processes.boot_id()} {Path(f'/proc/{pid}/stat').read_text()}"


async def test_a_process_that_was_given_our_old_pid_is_not_taken_for_ours() -> None:
    """Only pid, start time and boot together name a process: a stranger is neither alive for us nor signalled."""
    stranger = await asyncio.create_subprocess_exec("/bin/cat", stdin=PIPE, stdout=PIPE)
    assert stranger.stdin
    assert stranger.stdout
    try:
        start_ticks = processes.parse(_line(stranger.pid)).start_ticks
        for ours in (
            processes.Process(pid=stranger.pid, start_ticks=start_ticks - 1, boot=processes.boot_id()),
            processes.Process(pid=stranger.pid, start_ticks=start_ticks, boot="an earlier boot"),
        ):
            assert not processes.alive(ours)
            signals.send([ours], signal.SIGKILL)
            await signals.stop(ours, 1, open_gate)
        stranger.stdin.write(b"still there?\n")
        assert await stranger.stdout.readline() == b"still there?\n"
    finally:
        stranger.stdin.close()
        await stranger.wait()


def test_start_times_are_those_of_psutil() -> None:
    """Collectors compare them."""
    assert processes.created_s(processes.parse(_line(os.getpid()))) == pytest.approx(
        psutil.Process().create_time(), abs=0.01
    )


def _program(directory: Path, *argv: str) -> Program:
    return Program(argv=argv, env={}, directory=directory, log=directory / "log")


async def test_a_launch_is_had_once(tmp_path: Path) -> None:
    """The same mark again gives the process that it became, even after it has died."""
    mark = tmp_path / "launch-1"
    process = launch(mark, _program(tmp_path, "/bin/sleep", "600"))
    assert process
    assert processes.alive(process)
    assert launch(mark, _program(tmp_path, "/bin/sleep", "600")) == process
    await signals.stop(process, 1, open_gate)
    assert launch(mark, _program(tmp_path, "/bin/sleep", "600")) == process
    assert not processes.alive(process)


def test_a_launch_that_never_was_is_certain(tmp_path: Path) -> None:
    """No mark, or one that a killed actuator had only just made: nothing was started, and nothing ever will be."""
    mark = tmp_path / "launch-1"
    assert launched(mark) is None
    mark.touch()
    assert launched(mark) is None


def test_a_launch_under_way_is_waited_for(tmp_path: Path) -> None:
    """Whoever asks while a launcher is at work hears what became of it."""
    mark = tmp_path / "launch-1"
    answers: list[processes.Process | None] = []
    with mark.open("a+") as launcher:
        fcntl.flock(launcher, fcntl.LOCK_EX)
        asking = threading.Thread(target=lambda: answers.append(launched(mark)))
        asking.start()
        launcher.write(_line(os.getpid()))
        launcher.flush()
        assert answers == []
    asking.join()
    assert [answer.pid for answer in answers if answer] == [os.getpid()]


async def test_a_stop_ends_the_whole_session(tmp_path: Path) -> None:
    """What a replica has started goes with it, paused or not."""
    process = launch(tmp_path / "mark", _program(tmp_path, "/bin/sh", "-c", "sleep 600 & sleep 600 & wait"))
    assert process
    while len(members := processes.session(process)) < 3:
        await asyncio.sleep(0.005)
    await signals.pause(process, open_gate)
    assert {processes.state(member) for member in members} == {"T"}
    await signals.stop(process, 1, open_gate)
    assert not any(processes.alive(member) for member in members)
