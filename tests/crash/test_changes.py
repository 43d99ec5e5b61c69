"""Files that change while the agent and the server are killed: each change is in the journal once."""

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

from engine.runtime.bus import Bus
from engine.runtime.lookup import scan
from schemas import subjects
from schemas.codec import decode
from schemas.events import Event, Events
from tests.crash.cluster import NODE, POLL_S, Cluster

SEED = int(os.environ.get("REFLEXARC_SEED", "20261121"))
ROUNDS = 12
FILES = 40
"""In each round. They are made, and half of them changed and half deleted in the next."""

CONFIG = """\
node = "n1"

[agent.collectors.integrity]
paths = ["{config_dir}/files"]
poll_s = 0.02
"""


async def told(bus: Bus) -> list[Event]:
    """All events, in their order."""
    subject = subjects.events(NODE, "integrity")
    bodies = [decode(subject, each.data) async for page in scan(bus, subjects.JOURNAL, subject) for each in page]
    return [event for body in bodies if isinstance(body, Events) for event in body.events]


async def told_of(bus: Bus, count: int) -> list[Event]:
    """Wait until so many changes are told."""
    async with asyncio.timeout(60):
        while len(found := await told(bus)) < count:
            await asyncio.sleep(POLL_S)
    return found


def _write(path: Path, text: str) -> None:
    """At once, for a file that is half written is told of too."""
    whole = path.parents[1] / "whole"
    whole.write_text(text)
    whole.replace(path)


def change(files: Path, number: int) -> Counter[tuple[str, str]]:
    """The changes of one round, by action and path."""
    made: Counter[tuple[str, str]] = Counter()
    for nth in range(FILES):
        path, earlier = files / f"{number}-{nth}", files / f"{number - 1}-{nth}"
        _write(path, "as it was made")
        made["created", path.name] += 1
        if earlier.exists() and nth % 2:
            earlier.unlink()
            made["deleted", earlier.name] += 1
        elif earlier.exists():
            _write(earlier, "as it was changed")
            made["modified", earlier.name] += 1
    return made


async def test_each_change_is_told_once_whoever_dies(tmp_path: Path) -> None:
    """The agent at any moment after changes were made, and every third time the server too."""
    files = tmp_path / "files"
    files.mkdir()
    chance = random.Random(SEED)
    cluster = Cluster(tmp_path, "groups: []\n", CONFIG, ("agent",))
    await cluster.start()
    try:
        bus = await cluster.connect()
        (baseline,) = await told_of(bus, 1)
        assert baseline.data["event.action"] == "baseline_created"
        made: Counter[tuple[str, str]] = Counter()
        for number in range(ROUNDS):
            made += change(files, number)
            # A look, the proposal, the bus and the baseline take some 50 ms here: any moment of it.
            await asyncio.sleep(chance.uniform(0, 0.08))
            victims = ["agent", "nats-server"] if number % 3 == 2 else ["agent"]
            for victim in victims:
                await cluster.kill(victim)
            for victim in reversed(victims):
                await cluster.start_again(victim)
            found = await told_of(bus, made.total() + 1)
        said = Counter((event.data["event.action"], Path(event.data["file.path"]).name) for event in found[1:])
        assert said == made, f"seed {SEED}"
        assert len({event.id for event in found}) == len(found)
        await bus.close()
    finally:
        await cluster.stop()
