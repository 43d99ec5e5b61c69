"""An agent that is killed again and again while the log that it reads is written."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from engine.runtime.lifetime import die_with


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


@asynccontextmanager
async def killed_while_reading(
    log: Path,
    block: Callable[[int], list[str]],
    more_than: Callable[[int], Awaitable[int]],
    *,
    kills: int,
    seed: int,
    pause_s: float,
) -> AsyncIterator[list[str]]:
    """What was appended to the log in the meantime: `block`, told how many lines there are, gives the next ones.

    `more_than` waits until the journal has more lines than so many, and says how many. The last agent lives on while
    the body runs. Its configuration lies in `reflexarc.toml` beside the log.
    """
    chance, written = random.Random(seed), list[str]()
    log.touch()

    async def write() -> None:
        while True:
            lines = block(len(written))
            with log.open("a") as appended:
                appended.writelines(lines)
            written.extend(lines)
            await asyncio.sleep(pause_s)

    writing = asyncio.create_task(write())
    process = AgentProcess(log.parent)
    try:
        seen = 0
        for _ in range(kills):
            seen = await more_than(seen)
            await asyncio.sleep(chance.uniform(0, 0.2))  # the moment of death, not a wait for anything
            await process.kill()
            process.start()
        writing.cancel()
        await asyncio.wait([writing])
        yield written
    finally:
        writing.cancel()
        await process.kill()
