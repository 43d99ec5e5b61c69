"""Forked copies: what they yield arrives, and none outlives its purpose."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator

import pytest

from engine.forked import ChildFailedError, forked
from tests.runtime.roles import until

LONG_S = 60.0
LARGE = b"x" * 5_000_000


def endless() -> Iterator[bytes]:
    """Work that yields something and is never done."""
    yield LARGE
    while True:
        time.sleep(LONG_S)


def gone(pid: int) -> bool:
    """Whether there is no such process, not even a dead one that nobody waited for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_all_that_the_work_yields_arrives() -> None:
    """However much it is; then the copy is gone."""
    async with forked(lambda: [b"a", LARGE, b"z"], LONG_S) as child:
        output = await child.output.read()
        await child.ended()
    assert output == b"a" + LARGE + b"z"
    assert gone(child.pid)


async def test_a_copy_sees_what_was_there_when_it_was_made() -> None:
    """Later changes are not part of its work."""
    numbers = [1]
    async with forked(lambda: [str(numbers).encode()], LONG_S) as child:
        numbers.append(2)
        assert await child.output.read() == b"[1]"
        await child.ended()


async def test_work_that_fails_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """The copy's last words are on the error output."""
    async with forked(lambda: [bytes(1 // 0)], LONG_S) as child:
        assert await child.output.read() == b""
        with pytest.raises(ChildFailedError, match="exit status 1"):
            await child.ended()
    assert "ZeroDivisionError" in capfd.readouterr().err


async def test_a_copy_that_is_killed_is_told() -> None:
    """As when the machine is short of memory."""
    async with forked(endless, LONG_S) as child:
        os.kill(child.pid, signal.SIGKILL)
        await child.output.read()
        with pytest.raises(ChildFailedError, match="exit status -9"):
            await child.ended()


async def test_a_copy_ends_with_its_context() -> None:
    """Nobody waits for its output any more, so it is not made."""
    async with forked(endless, LONG_S) as child:
        await child.output.read(1)
    await until(lambda: gone(child.pid), "the copy to be gone")


async def test_a_copy_ends_when_its_time_is_over() -> None:
    """Even when nobody is left to end it: the kernel does."""
    async with forked(endless, 0.5) as child:
        await child.output.read()
        with pytest.raises(ChildFailedError, match="exit status -14"):
            await child.ended()


async def test_a_copy_holds_no_socket() -> None:
    """A connection that this process closes is closed, whatever copies are at work."""
    async with forked(endless, LONG_S) as child:
        await child.output.read(1)
        assert sorted(os.listdir(f"/proc/{child.pid}/fd"), key=int) == ["0", "1", "2", "3"]  # noqa: PTH208


async def test_the_loop_goes_on_meanwhile() -> None:
    """Other tasks run while a copy works."""
    async with forked(endless, LONG_S) as child:
        reading = asyncio.create_task(child.output.read())
        assert await asyncio.wait_for(asyncio.sleep(0, "went on"), LONG_S) == "went on"
        reading.cancel()
