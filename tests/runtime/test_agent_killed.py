"""An agent that is killed at any moment continues where the journal ends: every line of the log once."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

from engine.runtime.bus import Bus
from engine.runtime.lifetime import die_with
from schemas import subjects
from schemas.codec import decode
from schemas.events import Events
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.roles import stored

SEED = 20261121
KILLS = 6
CONFIG = """\
node = "{node}"

[agent.collectors.log]
paths = ["{log}"]
start = "beginning"
poll_s = 0.02
"""


class AgentProcess:
    """`reflexarc agent` as a process."""

    def __init__(self, folder: Path) -> None:
        self._words = [sys.executable, "-m", "engine.cli.main", "--config", str(folder / "reflexarc.toml")]
        self._words += ["--state-dir", str(folder), "agent"]
        self._log = folder / "agent.log"
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 - it takes no lock and calls only the kernel
            )

    async def kill(self) -> None:
        self._process.kill()
        await asyncio.to_thread(self._process.wait)


async def lines_of(bus: Bus, log: Path) -> list[int]:
    """The numbers of the lines that the journal has, in its order."""
    numbers: list[int] = []
    for message in await stored(bus, subjects.JOURNAL, subjects.events(NODE, f"log:{log}")):
        body = decode(message.subject, message.data)
        assert isinstance(body, Events)
        numbers += [int(event.data["message"]) for event in body.events]
    return numbers


async def more_than(bus: Bus, log: Path, count: int) -> list[int]:
    """Wait until the journal has more than that many lines."""
    async with asyncio.timeout(20):
        while len(numbers := await lines_of(bus, log)) <= count:
            await asyncio.sleep(0.01)
    return numbers


async def test_every_line_is_stored_once_through_kills(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """Lines are appended all the while, and the agent is killed six times at random moments of reading them."""
    chance = random.Random(SEED)
    log, written = tmp_path / "app.log", 0
    (tmp_path / "reflexarc.toml").write_text(CONFIG.format(node=NODE, log=log))
    log.touch()

    async def write(file: Path) -> None:
        nonlocal written
        while True:
            with file.open("a") as lines:
                lines.writelines(f"{written + n}\n" for n in range(50))
            written += 50
            await asyncio.sleep(0.005)

    writing = asyncio.create_task(write(log))
    process = AgentProcess(tmp_path)
    try:
        seen = 0
        for _ in range(KILLS):
            seen = len(await more_than(mortal_bus, log, seen))
            await asyncio.sleep(chance.uniform(0, 0.2))  # the moment of death, not a wait for anything
            await process.kill()
            process.start()
        writing.cancel()
        await asyncio.wait([writing])
        numbers = await more_than(mortal_bus, log, written - 1)
    finally:
        writing.cancel()
        await process.kill()
    assert numbers == list(range(written)), f"seed {SEED}"
