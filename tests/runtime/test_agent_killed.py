"""An agent that is killed at any moment continues where the journal ends: every line of the log once."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runtime.bus import Bus
from schemas import subjects
from schemas.codec import decode
from schemas.events import Events
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.killing import killed_while_reading
from tests.runtime.roles import stored

SEED = 20261121
BLOCK = 50
CONFIG = """\
node = "{node}"

[agent.collectors.log]
files = [{{ paths = ["{log}"], format = "{format}" }}]
start = "beginning"
poll_s = 0.02
"""


def numbered(first: int) -> list[str]:
    """Lines that are events of their own."""
    return [f"{number}\n" for number in range(first, first + BLOCK)]


def interleaved(first: int) -> list[str]:
    """Events of two records, all of them begun before the first is over."""
    serials = range(first // 2, (first + BLOCK) // 2)
    begun = [f"type=SYSCALL msg=audit(1700000000.000:{serial}): n={serial}\n" for serial in serials]
    return begun + [f"type=PROCTITLE msg=audit(1700000000.000:{serial}): n={serial}\n" for serial in reversed(serials)]


async def lines_of(bus: Bus, log: Path) -> list[str]:
    """The lines that the journal has, in its order."""
    lines: list[str] = []
    for message in await stored(bus, subjects.JOURNAL, subjects.events(NODE, f"log:{log}")):
        body = decode(message.subject, message.data)
        assert isinstance(body, Events)
        lines += [f"{line}\n" for event in body.events for line in event.data["message"].split("\n")]
    return lines


async def more_than(bus: Bus, log: Path, count: int) -> list[str]:
    """Wait until the journal has more than that many lines."""
    async with asyncio.timeout(20):
        while len(lines := await lines_of(bus, log)) <= count:
            await asyncio.sleep(0.01)
    return lines


@pytest.mark.parametrize(("line_format", "block", "kills"), [("plain", numbered, 6), ("auditd", interleaved, 3)])
async def test_every_line_is_stored_once_through_kills(
    mortal_server: ServerUnderTest,
    mortal_bus: Bus,
    tmp_path: Path,
    line_format: str,
    block: Callable[[int], list[str]],
    kills: int,
) -> None:
    """Lines are appended all the while, and the agent is killed again and again at random moments of reading them."""
    log = tmp_path / "app.log"
    (tmp_path / "reflexarc.toml").write_text(CONFIG.format(node=NODE, log=log, format=line_format))

    async def seen(count: int) -> int:
        return len(await more_than(mortal_bus, log, count))

    async with killed_while_reading(log, block, seen, kills=kills, seed=SEED, pause_s=0.005) as written:
        found = await more_than(mortal_bus, log, len(written) - 1)
    if line_format == "plain":
        assert found == written, f"seed {SEED}"
    assert sorted(found) == sorted(written), f"seed {SEED}"
