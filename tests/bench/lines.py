"""A file on one agent to alerts: what a line costs each role, how many a second are held, how soon an alert is there.

Server, agent and engine are processes as in production; the engine has all published Sigma rules where the corpora are,
and the shipped ones. The log is written in this process, by no more than `AHEAD` lines ahead of the engine.
"""

import asyncio
import itertools
import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from engine.runtime.asking import NobodyAnswersError, ask
from engine.runtime.bus import Bus
from engine.runtime.journal import read
from engine.runtime.lookup import stream_state
from schemas import subjects
from schemas.codec import decode_alert
from tests.bench.beside.usage import cpu_s
from tests.bench.figures import Figure, percentile
from tests.bench.sigma.rules import CORPUS
from tests.bench.site import REPOSITORY, Site, open_site

CONFIG = Path(__file__).with_name("lines.toml")
BLOCK = 500
AHEAD = 100_000
AHEAD_IN_ATTACK = 10_000
WARM_UP_S = 5.0
MEASURED_S = 20.0
LOAD_PER_S = 1_000
PROBES = 100
READY_TIMEOUT_S = 120.0

MIN_LINES_PER_S = 20_000.0
MAX_AGENT_US = 25.0
MAX_ENGINE_US = 40.0
MIN_LOGINS_PER_S = 1_000.0
MAX_LATENCY_MS = 500.0
"""Twice the interval at which files are looked at."""

RULES = """\
groups:
  - name: bench
    rules:
      - alert: Probed
        logsource: {product: linux, service: sshd}
        detection: {sel: {user.name|startswith: probe}, condition: sel}
        correlation: {type: event_count, group-by: [user.name], timespan: 1m, condition: {gte: 1}}
      - record: bench_failures_total
        logsource: {product: linux, service: sshd}
        detection: {sel: {event.outcome: failure}, condition: sel}
"""

ORDINARY = (
    "sshd[{pid}]: Accepted publickey for {user} from {ip} port {port} ssh2: ED25519 SHA256:u8VQmRPg1WnBq2yRkzT",
    "sshd[{pid}]: pam_unix(sshd:session): session opened for user {user}(uid=1000) by (uid=0)",
    "systemd-logind[611]: New session {port} of user {user}.",
    "sshd[{pid}]: Received disconnect from {ip} port {port}:11: disconnected by user",
    "sshd[{pid}]: pam_unix(sshd:session): session closed for user {user}",
    "CRON[{pid}]: pam_unix(cron:session): session opened for user {user}(uid=0) by (uid=0)",
    "sudo:      {user} : TTY=pts/0 ; PWD=/srv/{user} ; USER=root ; COMMAND=/usr/bin/systemctl status shop-{port}",
)
FAILED = "sshd[{pid}]: Failed password for invalid user {user} from {ip} port {port} ssh2"
SELDOM = 100
"""Of so many ordinary lines one is a failed login; under attack all lines are."""


class Lines:
    """The log, and lines of the usual kinds for it with addresses, users and numbers that differ."""

    def __init__(self, path: Path) -> None:
        self.written = 0
        self._random = random.Random(0)
        ordinary = [*ORDINARY * SELDOM, *[FAILED] * len(ORDINARY)]
        self._ordinary = itertools.cycle([self._block(ordinary) for _ in range(64)])
        self._attack = itertools.cycle([self._block([FAILED]) for _ in range(64)])
        self.under_attack = False
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, lines: int = BLOCK) -> None:
        """Append so many; at most a block."""
        block = next(self._attack if self.under_attack else self._ordinary)
        os.write(self._file, "".join(f"{_header()} {line}\n" for line in block[:lines]).encode())
        self.written += lines

    def probe(self, user: str) -> None:
        line = f"{_header()} sshd[4711]: Failed password for invalid user {user} from 192.0.2.7 port 4022 ssh2\n"
        os.write(self._file, line.encode())
        self.written += 1

    def _block(self, forms: Sequence[str]) -> list[str]:
        chance = self._random
        return [
            form.format(
                pid=chance.randrange(300, 99_999),
                port=chance.randrange(1024, 65_536),
                user=f"user{chance.randrange(500)}",
                ip=f"192.0.2.{chance.randrange(256)}",
            )
            for form in chance.choices(forms, k=BLOCK)
        ]


class Held(NamedTuple):
    """A stretch of time in which lines were written as fast as they were taken."""

    lines: int
    took_s: float
    cpu_s: dict[str, float]
    """By role."""
    per_message: float


async def run() -> list[Figure]:
    """All figures from one site."""
    async with open_site() as site:
        lines = Lines(site.folder / "auth.log")
        processes = await _start(site)
        loaded = await _ready(site.bus)
        await _hold(site.bus, lines, processes, WARM_UP_S)
        held = await _hold(site.bus, lines, processes, MEASURED_S)
        memory_mb = {role: process.memory_info().rss / 1e6 for role, process in processes.items()}
        soon_s = await _latencies(site.bus, lines)
        lines.under_attack = True
        attack = await _hold(site.bus, lines, processes, WARM_UP_S, ahead=AHEAD_IN_ATTACK)
    return [*_figures(loaded, held, memory_mb), *_of_latency(soon_s), *_of_attack(attack)]


async def _start(site: Site) -> dict[str, psutil.Process]:
    (site.folder / "rules.yaml").write_text(RULES)
    folders = [str(site.folder / "rules.yaml"), str(REPOSITORY / "rules")]
    folders += [str(path) for path in sorted(CORPUS.glob("rules*"))]
    config = site.folder / "lines.toml"
    config.write_text(CONFIG.read_text().replace("[RULES]", json.dumps(folders)))
    processes = {role: site.start_role(role, config) for role in ("agent", "engine")}
    return {**processes, "server": psutil.Process(site.server.pid)}


async def _ready(bus: Bus) -> int:
    """Wait until the engine has its rules; how many over events."""
    async with asyncio.timeout(READY_TIMEOUT_S):
        while not (found := await _status(bus)).get("rules", {}).get("event"):
            await asyncio.sleep(0.2)
    number: int = found["rules"]["event"]
    return number


async def _status(bus: Bus) -> dict[str, Any]:
    with suppress(NobodyAnswersError):
        status: dict[str, Any] = await ask(bus, "engine", "status")
        return status
    return {}


async def _hold(bus: Bus, lines: Lines, processes: dict[str, psutil.Process], for_s: float, ahead: int = AHEAD) -> Held:
    """Write as fast as the engine takes it, then let it finish; CPU of all of it."""
    began_s, before = time.monotonic(), lines.written
    cpu = {role: cpu_s(process) for role, process in processes.items()}
    messages = (await stream_state(bus, subjects.JOURNAL)).messages
    done = before
    while time.monotonic() < began_s + for_s:
        while lines.written < done + ahead:
            lines.write()
        await asyncio.sleep(0.01)
        done = (await _status(bus)).get("events", done)
    while done < lines.written:
        await asyncio.sleep(0.01)
        done = (await _status(bus)).get("events", done)
    took_s = time.monotonic() - began_s
    used = {role: cpu_s(process) - cpu[role] for role, process in processes.items()}
    stored = (await stream_state(bus, subjects.JOURNAL)).messages - messages
    return Held(done - before, took_s, used, (done - before) / stored)


async def _latencies(bus: Bus, lines: Lines) -> list[float]:
    """From the writing of a line to its alert, at a moderate rate."""
    told = asyncio.create_task(_told(bus, (await stream_state(bus, subjects.ALERTS)).last_seq + 1))
    loading = asyncio.create_task(_load(lines))
    chance, sent = random.Random(0), dict[str, float]()
    for number in range(PROBES):
        await asyncio.sleep(chance.uniform(0, 0.2))
        sent[f"probe{number}"] = time.monotonic()
        lines.probe(f"probe{number}")
    async with asyncio.timeout(30):
        heard = await told
    loading.cancel()
    return [heard[probe] - sent_s for probe, sent_s in sent.items()]


async def _load(lines: Lines) -> None:
    due_s = time.monotonic()
    while True:
        lines.write(LOAD_PER_S // 100)
        due_s += 0.01
        await asyncio.sleep(due_s - time.monotonic())


async def _told(bus: Bus, start_seq: int) -> dict[str, float]:
    heard: dict[str, float] = {}
    async for batch in read(bus, subjects.ALERTS, start_seq=start_seq):
        for message in batch:
            alert = decode_alert(message.data)
            if alert.alertname == "Probed" and alert.state == "firing":
                heard[alert.labels["user_name"]] = time.monotonic()
        if len(heard) == PROBES:
            break
    return heard


def _of_attack(held: Held) -> Iterator[Figure]:
    """Each line a failed login from one of 256 addresses: several correlations count it and many alerts fire on."""
    yield Figure(name="engine, CPU of a failed login", measured=held.cpu_s["engine"] * 1e6 / held.lines, unit="µs")
    rate = held.lines / held.took_s
    yield Figure(name="failed logins, held", measured=rate, unit="lines/s", limit=MIN_LOGINS_PER_S, at_least=True)


def _header() -> str:
    return datetime.now().strftime("%b %e %H:%M:%S web1")


def _figures(rules: int, held: Held, memory_mb: dict[str, float]) -> Iterator[Figure]:
    limits = {"agent": MAX_AGENT_US, "engine": MAX_ENGINE_US, "server": None}
    yield Figure(name="rules over events", measured=rules, unit="")
    for role, limit in limits.items():
        measured = held.cpu_s[role] / held.lines * 1e6
        yield Figure(name=f"{role}, CPU of a line", measured=measured, unit="µs", limit=limit)
    yield Figure(
        name="lines, from the file to the rules",
        measured=held.lines / held.took_s,
        unit="lines/s",
        limit=MIN_LINES_PER_S,
        at_least=True,
    )
    yield Figure(name="lines in a message of the journal", measured=held.per_message, unit="")
    for role, size_mb in memory_mb.items():
        yield Figure(name=f"{role}, memory", measured=size_mb, unit="MB")


def _of_latency(soon_s: list[float]) -> Iterator[Figure]:
    for percent, limit in ((50, None), (99, MAX_LATENCY_MS)):
        measured = percentile(soon_s, percent) * 1000
        yield Figure(name=f"line → alert, p{percent}", measured=measured, unit="ms", limit=limit)
