"""An agent that analyzes logs is killed at any moment: no line is lost or doubled, nor anything said about it."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

from engine.runtime.bus import Bus
from schemas import subjects
from schemas.codec import decode
from schemas.events import Event, Events
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.analyzing import new
from tests.runtime.killing import killed_while_reading
from tests.runtime.roles import stored

SEED = 20261122
KILLS = 3
EACH = 5
"""Lines to a template."""
CONFIG = """\
node = "{node}"

[agent.analysis]
enabled = true
new_template_after = 0
max_new = 100000
max_templates = 100000

[agent.collectors.log]
paths = ["{log}"]
start = "beginning"
poll_s = 0.02
"""


def template(number: int) -> str:
    """One that has no word in common with any other, and at most a few hundred of them the same length."""
    name = "".join(chr(ord("g") + int(digit)) for digit in f"{number:05}")
    return " ".join(f"{name}{chr(ord('g') + word)}" for word in range(2 + number % 18))


async def events_of(bus: Bus, log: Path) -> list[Event]:
    found = await stored(bus, subjects.JOURNAL, subjects.events(NODE, f"log:{log}"))
    bodies = [decode(message.subject, message.data) for message in found]
    return [event for body in bodies if isinstance(body, Events) for event in body.events]


def lines(events: Sequence[Event]) -> list[str]:
    return [event.data["message"] for event in events if event.type == "log.line"]


async def more_than(bus: Bus, log: Path, count: int) -> list[Event]:
    """Wait until the journal has more than that many lines."""
    async with asyncio.timeout(20):
        while len(lines(found := await events_of(bus, log))) <= count:
            await asyncio.sleep(0.01)
    return found


async def test_every_template_is_told_of_once_through_kills(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """Lines of ever new templates are appended all the while; each is told of behind its first line and never again."""
    chance = random.Random(SEED)
    log = tmp_path / "app.log"
    (tmp_path / "reflexarc.toml").write_text(CONFIG.format(node=NODE, log=log))

    def block(count: int) -> list[str]:
        newest = count // EACH
        return [f"{template(nth)}\n" for nth in (newest, *(chance.randint(0, newest) for _ in range(EACH - 1)))]

    async def seen(count: int) -> int:
        return len(lines(await more_than(mortal_bus, log, count)))

    async with killed_while_reading(log, block, seen, kills=KILLS, seed=SEED, pause_s=0.01) as appended:
        found = await more_than(mortal_bus, log, len(appended) - 1)
    written = [line.removesuffix("\n") for line in appended]
    assert lines(found) == written, f"seed {SEED}"
    assert new(found) == list(dict.fromkeys(written)), f"seed {SEED}"
    assert len({event.id for event in found}) == len(found), f"seed {SEED}"
