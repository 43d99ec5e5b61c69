"""An actuator killed at any instant: its command has its effect once, and what it began is brought to an end."""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path

import msgspec
import psutil
import pytest
import pytest_asyncio

from schemas.commands import Command
from schemas.plugins import Effect
from tests.actuators.site import Site, ask, attributes, command, open_gate
from tests.actuators.victim import Request

SEED = 20261121
ROOT = Path(__file__).parents[2]


class Victims:
    """Actuators that execute a command and are killed."""

    def __init__(self, server: Process, site: Site) -> None:
        self._server = server
        self._site = site

    async def killed_before_operation(self, asked: Command, operation: int) -> bool:
        """Whether it came to so many operations, and so was killed."""
        await self._begin(asked, operation)
        return await self._line() == "killed"

    async def killed_after(self, asked: Command, delay_s: float) -> None:
        pid = int(await self._begin(asked, None))
        await asyncio.sleep(delay_s)
        os.kill(pid, signal.SIGKILL)
        assert await self._line() == "killed"

    async def _begin(self, asked: Command, operation: int | None) -> str:
        assert self._server.stdin
        request = Request(directory=str(self._site.directory), command=asked, killed_at=operation)
        self._server.stdin.write(msgspec.json.encode(request) + b"\n")
        return await self._line()

    async def _line(self) -> str:
        assert self._server.stdout
        return (await self._server.stdout.readline()).decode().strip()


@pytest_asyncio.fixture
async def victims(site: Site) -> AsyncIterator[Victims]:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.actuators.victim", stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    yield Victims(server, site)
    assert server.stdin
    server.stdin.close()
    assert await server.wait() == 0


async def state_now(site: Site, target: str, *names: str) -> dict[str, object]:
    async with site.actuator() as actuator:
        found = await attributes(actuator, target)
        return {name: found[name] for name in names}


async def finish(site: Site, asked: Command) -> tuple[bool, Effect]:
    """What the next actuator does with a command whose claim has lapsed: observe, then what is missing."""
    async with site.actuator() as successor:
        found = await successor.observe(asked)
        if isinstance(found, Effect):
            return True, found
        return False, await successor.execute(asked, open_gate)


ACTS: dict[str, tuple[Callable[[str, int], Command], int]] = {
    "restart replica": (lambda by, now: command("restart", "replica:w/0", {"generation": now}, by=by), 1),
    "restart workload": (lambda by, now: command("restart", "workload:w", {"generation": now}, by=by), 2),
    "isolate": (lambda by, now: command("isolate", "replica:w/0", {"generation": now}, by=by), 1),
}


@pytest.mark.parametrize(("make", "starts"), ACTS.values(), ids=ACTS.keys())
async def test_a_kill_before_any_operation_repeats_and_loses_nothing(
    site: Site, victims: Victims, make: Callable[[str, int], Command], starts: int
) -> None:
    """Whichever operation on the system was to come next, the workload counts each command's starts once."""
    observed = 0
    for operation in count(1):
        target = make("", 0).target
        before = await state_now(site, target, "generation")
        asked = make(f"c{operation}", int(str(before["generation"])))
        killed = await victims.killed_before_operation(asked, operation)
        found, effect = await finish(site, asked)
        observed += found
        assert effect.after["generation"] == int(str(before["generation"])) + 1
        if not killed:
            break
    assert {by: n for by, n in site.starts().items() if by != "declared-1"} == {
        f"c{number}": starts for number in range(1, operation + 1)
    }
    assert operation > 10, "the kill came at many different instants"
    assert observed > 1, "some kills came after the effect"


async def test_a_release_that_is_killed_loses_no_process(site: Site, victims: Victims) -> None:
    """The paused one comes back and only its replacement ends, whichever operation was to come next."""
    for operation in count(1):
        async with site.actuator() as actuator:
            before = await attributes(actuator, "replica:w/0")
            isolated = await ask(actuator, "isolate", "replica:w/0", "generation", by=f"i{operation}")
        generation = isolated.after["generation"]
        asked = command(
            "release",
            f"isolated:w/0/{before['generation']}",
            {"state": "paused", "replacement": generation},
            by=f"c{operation}",
        )
        killed = await victims.killed_before_operation(asked, operation)
        await finish(site, asked)
        assert await state_now(site, "replica:w/0", "pid", "generation", "state") == {
            "pid": before["pid"],
            "generation": generation + 1,
            "state": "running",
        }
        assert len(site.processes()) == 2
        if not killed:
            break
    assert operation > 5, "the kill came at many different instants"


async def test_an_isolation_that_is_killed_is_whole_and_undone_whole(site: Site, victims: Victims) -> None:
    """Whichever operation was to come next, all processes stand still, and after the release all of them go on."""
    verbs = ("isolate", "workload:w", psutil.STATUS_STOPPED), ("release", "isolation:w", psutil.STATUS_SLEEPING)
    for operation in count(1):
        killed = False
        for verb, target, state in verbs:
            now = await state_now(site, target, "generation")
            asked = command(verb, target, now, by=f"{verb}{operation}")
            killed |= await victims.killed_before_operation(asked, operation)
            _, effect = await finish(site, asked)
            assert (verb == "isolate") == (effect.undo is not None)
            assert [process.status() for process in site.processes()] == [state] * 2
        if not killed:
            break
    assert operation > 5, "the kill came at many different instants"
    assert sum(site.starts().values()) == 2


async def test_a_kill_at_random_moments_repeats_and_loses_nothing(site: Site, victims: Victims) -> None:
    """Also while the launcher, which is not Python, is between fork and exec."""
    moments = random.Random(SEED)
    commands = [f"c{number}" for number in range(20)]
    for by in commands:
        before = await state_now(site, "replica:w/0", "generation")
        asked = command("restart", "replica:w/0", before, by=by)
        await victims.killed_after(asked, moments.uniform(0, 0.06))
        _, effect = await finish(site, asked)
        assert effect.after["state"] == "running"
    assert [site.starts()[by] for by in commands] == [1] * len(commands)
    assert len(site.processes()) == 2
