"""Playbooks: from a person's request to the delivery of the first command, from a step's outcome to the command of the
next, how soon the last of very many runs are told, and what the check of one value costs.

An engine, a process of its own, over a real server; the values are checked in this process.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from engine.core.parameters import bound
from engine.core.playbooks import MOST_RUNS
from engine.core.program import Parameter
from engine.runtime.asking import NobodyAnswersError, ask
from engine.runtime.bus import Bus
from engine.runtime.publishing import new_id
from schemas import subjects
from schemas.codec import encode
from schemas.control import Play
from tests.bench.chains import WORKLOADS, Reflex
from tests.bench.figures import Figure, percentile
from tests.bench.site import open_site

CONFIG = Path(__file__).with_name("playbooks.toml")
READY_TIMEOUT_S = 60.0
WARM_UP = 20
STARTS = 200
AT_ONCE = 200
ASKED = 500
LAST = 20
CHECKS = 20_000

MAX_START_MS = 100.0
MAX_STEP_MS = 10.0
MAX_ANSWER_MS = 5.0
MAX_CHECK_US = 10.0

PARAMETERS = (
    Parameter(name="workload", pattern="[a-z0-9-]+"),
    Parameter(name="environment", choices=("dev", "staging", "production")),
    Parameter(name="replicas", type="integer", least=1, most=100),
    Parameter(name="share", type="number", least=0, most=1),
    Parameter(name="wait", type="duration", least=1, most=3600),
    Parameter(name="force", type="boolean", default="false"),
)
VALUES = {"workload": "checkout-2", "environment": "staging", "replicas": "12", "share": "0.25", "wait": "1m30s"}


async def run() -> list[Figure]:
    """The figures of one engine, and of this process."""
    async with open_site() as site:
        site.start_role("engine", CONFIG)
        reflex = Reflex(site.bus)
        await _ready(site.bus)
        await reflex.open()
        await _settled(site.bus)
        runs_ms = [await _run_ms(site.bus, reflex, turn) for turn in range(WARM_UP + STARTS)][WARM_UP:]
        await _fill(site.bus)
        answers_ms = [await _answer_ms(site.bus) for _ in range(WARM_UP + ASKED)][WARM_UP:]
        await reflex.close()
    starts_ms, steps_ms = zip(*runs_ms, strict=True)
    return [*_figures(starts_ms, steps_ms, answers_ms), _check()]


def _figures(starts_ms: Sequence[float], steps_ms: Sequence[float], answers_ms: Sequence[float]) -> list[Figure]:
    told = f"the last {LAST} of {MOST_RUNS:,} runs told"
    return [
        Figure(name="playbook → its first command, p50", measured=percentile(starts_ms, 50), unit="ms"),
        Figure(
            name="playbook → its first command, p99", measured=percentile(starts_ms, 99), unit="ms", limit=MAX_START_MS
        ),
        Figure(
            name="outcome of a step → the next command, p50",
            measured=percentile(steps_ms, 50),
            unit="ms",
            limit=MAX_STEP_MS,
        ),
        Figure(name="outcome of a step → the next command, p99", measured=percentile(steps_ms, 99), unit="ms"),
        Figure(name=f"{told}, p50", measured=percentile(answers_ms, 50), unit="ms"),
        Figure(name=f"{told}, p99", measured=percentile(answers_ms, 99), unit="ms", limit=MAX_ANSWER_MS),
    ]


async def _ready(bus: Bus) -> None:
    async with asyncio.timeout(READY_TIMEOUT_S):
        while True:
            try:
                if await ask(bus, "engine", "playbooks"):
                    return
            except NobodyAnswersError:
                await asyncio.sleep(0.2)


async def _settled(bus: Bus) -> None:
    """It knows what it may act on, and would."""
    async with asyncio.timeout(READY_TIMEOUT_S):
        while (status := await ask(bus, "engine", "status"))["settling"] or not status["inventory"]:
            await asyncio.sleep(0.2)


async def _run_ms(bus: Bus, reflex: Reflex, turn: int) -> tuple[float, float]:
    """From the request to the delivery of the first command of the run, and from its outcome to that of the second."""
    request = _request(turn, dry_run=False)
    message = encode(request)
    started_s = time.perf_counter()
    publishing = asyncio.create_task(bus.publish(subjects.control("play", request.by), message, msg_id=request.id))
    first = await reflex.delivered()
    begun_s = time.perf_counter()
    await publishing
    answered_s = time.perf_counter()
    answering = asyncio.create_task(reflex.answer(first))
    second = await reflex.delivered()
    took_s = time.perf_counter() - answered_s
    await answering
    await reflex.answer(second)
    return (begun_s - started_s) * 1000, took_s * 1000


async def _fill(bus: Bus) -> None:
    """As many runs as are kept, and a few that have given way."""
    left = iter(range(MOST_RUNS))

    async def ask_for_runs() -> None:
        for turn in left:
            request = _request(turn, dry_run=True)
            await bus.publish(subjects.control("play", request.by), encode(request), msg_id=request.id)

    await asyncio.gather(*(ask_for_runs() for _ in range(AT_ONCE)))
    last = _request(0, dry_run=True, by="last")
    await bus.publish(subjects.control("play", last.by), encode(last), msg_id=last.id)
    async with asyncio.timeout(READY_TIMEOUT_S):
        while (await ask(bus, "engine", "runs", b"1"))[0]["by"] != "last":
            await asyncio.sleep(0.2)


async def _answer_ms(bus: Bus) -> float:
    started_s = time.perf_counter()
    found = await ask(bus, "engine", "runs", str(LAST).encode())
    took_s = time.perf_counter() - started_s
    assert len(found) == LAST
    return took_s * 1000


def _request(turn: int, *, dry_run: bool, by: str = "bench") -> Play:
    params = {"workload": WORKLOADS[turn % len(WORKLOADS)]}
    return Play(id=new_id(), by=by, playbook="bench", params=params, dry_run=dry_run)


def _check() -> Figure:
    """The mean of all kinds of values, checked as they are before a request is sent and when it is decided on."""
    started_s = time.perf_counter()
    for _ in range(CHECKS):
        bound(PARAMETERS, VALUES)
    took_s = time.perf_counter() - started_s
    measured = took_s / CHECKS / len(PARAMETERS) * 1e6
    return Figure(name="a value of a parameter checked", measured=measured, unit="µs", limit=MAX_CHECK_US)
