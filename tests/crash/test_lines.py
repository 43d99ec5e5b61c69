"""A log from end to end: whoever dies, and however the file is rotated or truncated meanwhile, each line is in the
journal once and counts once.

`make soak` kills more often, from a seed that it prints.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import NamedTuple

import pytest
import pytest_asyncio

from engine.cli.history import Happening, read_audit
from engine.cli.look import answered
from engine.runtime.asking import NobodyAnswersError, ask
from engine.runtime.bus import Bus
from engine.runtime.lookup import last, scan
from engine.runtime.received import Received
from schemas import subjects
from schemas.codec import decode, decode_alert
from schemas.events import Event, Events
from schemas.reasons import Reason
from tests.crash.cluster import NODE, POLL_S, Cluster, audit_until
from tests.crash.numbered_log import LINES_A_USER, NumberedLog, number_of

SEED = int(os.environ.get("REFLEXARC_SEED", "20261121"))
KILLS = int(os.environ.get("REFLEXARC_KILLS", "20"))
VICTIMS = ("agent", "nats-server")
AND_THE_ENGINE = 5
"""Each so many kills, the engine dies too."""
BLOCK = 20
EVERY_S = 0.005
ROTATED_S = (0.3, 1.5)
"""From one rotation to the next."""

CONFIG = """\
node = "n1"

[agent.collectors.log]
files = [{ paths = ["{config_dir}/auth.log"], format = "auth" }]
start = "beginning"
poll_s = 0.05

[engine]
rules = ["{config_dir}/rules.yaml"]
evaluation_interval = "1s"
tick = "200ms"
lease = "2s"
snapshot_every = "3s"
"""

RULES = """\
groups:
  - name: lines
    rules:
      - record: lines_total
        logsource: {product: linux, service: sshd}
        detection: {sel: {message|contains: Failed password}, condition: sel}
      - alert: Guessing
        logsource: {product: linux, service: sshd}
        detection: {sel: {event.action: ssh_login, event.outcome: failure}, condition: sel}
        correlation: {type: event_count, group-by: [user.name], timespan: 1h, condition: {gte: 1000}}
"""

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Scene(NamedTuple):
    """What was written, and what came of it."""

    log: NumberedLog
    bus: Bus

    async def newest(self) -> int:
        """The number of the last line in the journal; -1 while there is none."""
        found = await last(self.bus, subjects.JOURNAL, _subject(self.log))
        return number_of(_events(found)[-1].data["message"]) if found else -1

    async def stored(self, number: int, timeout_s: float = 30) -> None:
        """Wait until the journal has the line."""
        newest = -1
        try:
            async with asyncio.timeout(timeout_s):
                while (newest := await self.newest()) < number:
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise AssertionError(f"seed {SEED}: waited in vain for line {number}, the last is {newest}") from None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """A log that was written to, rotated and truncated while agent, server and engine were killed."""
    folder = tmp_path_factory.mktemp("lines")
    chance = random.Random(SEED)
    cluster = Cluster(folder, RULES, CONFIG, ("agent", "engine"))
    log = NumberedLog(folder / "auth.log", chance)
    await cluster.start()
    try:
        scene = Scene(log, await cluster.connect())
        await _has_rules(scene.bus)
        writing = asyncio.create_task(_write(scene, chance))
        await _kill(cluster, scene, chance)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        log.write(LINES_A_USER - log.written % LINES_A_USER)
        await scene.stored(log.written - 1)
        yield scene
        await scene.bus.close()
    finally:
        await cluster.stop()
        log.close()


async def _has_rules(bus: Bus) -> None:
    """An engine that has no rules yet counts no lines."""
    async with asyncio.timeout(30):
        while True:
            with suppress(NobodyAnswersError):
                if (await ask(bus, "engine", "status"))["rules"]["event"]:
                    return
            await asyncio.sleep(POLL_S)


async def _write(scene: Scene, chance: random.Random) -> None:
    log = scene.log
    while True:
        for _ in range(int(chance.uniform(*ROTATED_S) / EVERY_S)):
            log.write(BLOCK)
            await asyncio.sleep(EVERY_S)
        match chance.choice(("rename", "copytruncate", "truncate")):
            case "rename":
                log.rename()
            case "copytruncate":
                log.copytruncate()
            case _:
                await scene.stored(log.written - 1)  # or else it would be lost by whoever truncates
                log.truncate()


async def _kill(cluster: Cluster, scene: Scene, chance: random.Random) -> None:
    for kill in range(KILLS):
        victims = [VICTIMS[kill % len(VICTIMS)]]
        if kill % AND_THE_ENGINE == AND_THE_ENGINE - 1:
            victims.append("engine")
        await scene.stored(await scene.newest() + 1)
        await asyncio.sleep(chance.uniform(0, 0.5))  # the moment of death, not a wait for anything
        for victim in victims:
            await cluster.kill(victim)
        for victim in victims:
            await cluster.start_again(victim)


async def test_every_line_is_in_the_journal_once(scene: Scene) -> None:
    """All numbers, in their order."""
    numbers: list[int] = []
    async for page in scan(scene.bus, subjects.JOURNAL, _subject(scene.log)):
        for message in page:
            numbers += [number_of(event.data["message"]) for event in _events(message)]
    counted = Counter(numbers)
    lost = [number for number in range(scene.log.written) if number not in counted]
    doubled = [number for number, times in counted.items() if times > 1]
    assert (lost[:10], doubled[:10]) == ([], []), f"seed {SEED}: {len(lost)} lost, {len(doubled)} doubled"
    assert numbers == list(range(scene.log.written)), f"seed {SEED}: out of order"


@pytest.mark.parametrize("counter", ["lines_total", f'ops_events_total{{node="{NODE}",service="sshd"}}'])
async def test_the_engine_has_counted_each_line_once(scene: Scene, counter: str) -> None:
    """By a log metric, and by what it counts anyway."""
    counted = 0.0
    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            while counted < scene.log.written:
                await asyncio.sleep(POLL_S)
                counted = await _value(scene.bus, f"sum({counter})")
    assert counted == scene.log.written, f"seed {SEED}"


async def test_a_correlation_has_fired_once_for_each_who_completes_it(scene: Scene) -> None:
    """Each user failed exactly as often as it takes: had a line of theirs been lost, there would be no alert."""
    wanted = scene.log.written // LINES_A_USER
    await audit_until(scene.bus, lambda found: _count(found, Reason.EVENT_MATCHED) >= wanted, f"{wanted} alerts")
    fired: Counter[str] = Counter()
    async for page in scan(scene.bus, subjects.ALERTS):
        for message in page:
            alert = decode_alert(message.data)
            assert alert.state == "firing"
            fired[alert.labels["user_name"]] += 1
    assert fired == {f"u{number}": 1 for number in range(wanted)}, f"seed {SEED}"


async def test_no_engine_has_decided_otherwise_than_the_one_before(scene: Scene) -> None:
    """What was replayed after a death is what the audit says."""
    wanted = scene.log.written // LINES_A_USER
    await audit_until(scene.bus, lambda found: _count(found, Reason.EVENT_MATCHED) >= wanted, f"{wanted} alerts")
    found = await read_audit(scene.bus)
    assert _count(found, Reason.EVENT_MATCHED) == wanted
    assert _count(found, Reason.REPLAY_DIVERGED) == 0


def _count(found: list[Happening], reason: Reason) -> int:
    return sum(each.entry.reason is reason for each in found)


async def _value(bus: Bus, expr: str) -> float:
    with suppress(NobodyAnswersError):
        for found in answered(expr, await ask(bus, "engine", "query", expr.encode())):
            return float(found["value"])
    return 0.0


def _subject(log: NumberedLog) -> str:
    return subjects.events(NODE, f"log:{log.path}")


def _events(message: Received) -> tuple[Event, ...]:
    body = decode(message.subject, message.data)
    assert isinstance(body, Events)
    return body.events
