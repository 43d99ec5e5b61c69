"""From a sample that breaks a rule to the delivery of its command, beside a bare chain of the same run.

Meanwhile 1,000 samples a second come in for 50,000 series, and one snapshot after the other is taken and uploaded.
"""

import asyncio
import random
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from engine.core.state import State
from engine.runtime.asking import NobodyAnswersError, ask
from engine.runtime.bus import Bus
from engine.runtime.recovery import recover
from schemas import subjects
from tests.bench import load
from tests.bench.chains import Bare, Reflex
from tests.bench.figures import Figure, percentile
from tests.bench.site import Site, open_site

CONFIG = Path(__file__).with_name("engine.toml")
WARM_UP = 50
PROBES = 1000
EVERY_S = 0.1
READY_TIMEOUT_S = 90.0

MAX_RATIO = 3.0
MIN_SNAPSHOTS = 10
LOAD_TOLERANCE = 0.98


class Measured(NamedTuple):
    """One run: the times of both chains in seconds, and what went on meanwhile."""

    reflex_s: list[float]
    bare_s: list[float]
    samples_per_s: float
    snapshots: int


async def run() -> tuple[list[Figure], State]:
    """The figures, and the engine's state as its newest snapshot has it."""
    async with open_site() as site:
        bare = Bare(site.bus, payload=bytes(600))
        await bare.open()
        for module in ("load", "relay"):
            site.start_module(module)
        site.start_role("engine", CONFIG)
        await _ready(site.bus)
        reflex = Reflex(site.bus)
        await reflex.open()
        measured = await _measure(site, reflex, bare)
        recovered = await recover(site.bus, "0")
        await reflex.close()
        await bare.close()
    return _figures(measured, len(recovered.state.store)), recovered.state


async def _ready(bus: Bus) -> None:
    """Wait until the engine has its rules and all series, and would act."""
    async with asyncio.timeout(READY_TIMEOUT_S):
        while not _would_act(await _status(bus)):
            await asyncio.sleep(0.2)


def _would_act(status: dict[str, Any] | None) -> bool:
    return bool(status and status["series"] >= load.SERIES and status["rules"]["heal"] and not status["settling"])


async def _status(bus: Bus) -> dict[str, Any] | None:
    try:
        status: dict[str, Any] = await ask(bus, "engine", "status")
    except NobodyAnswersError:
        return None
    return status


async def _measure(site: Site, reflex: Reflex, bare: Bare) -> Measured:
    reflex_s: list[float] = []
    bare_s: list[float] = []
    for _ in range(WARM_UP):
        await bare.once()
        await reflex.once()
    started_s, samples, snapshots = time.monotonic(), await _samples(site.bus), _snapshots(site)
    pauses = random.Random(0)  # so that the load's rhythm is not ours
    for _ in range(PROBES):
        bare_s.append(await bare.once())
        reflex_s.append(await reflex.once())
        await asyncio.sleep(pauses.uniform(0, EVERY_S))
    took_s = time.monotonic() - started_s
    return Measured(reflex_s, bare_s, (await _samples(site.bus) - samples) / took_s, _snapshots(site) - snapshots)


async def _samples(bus: Bus) -> int:
    """How many samples of the load the journal holds."""
    info = await bus.api(f"STREAM.INFO.{subjects.JOURNAL}", {"subjects_filter": load.SUBJECT})
    messages: int = info["state"]["subjects"][load.SUBJECT]
    return messages * load.METRICS


def _snapshots(site: Site) -> int:
    """How many snapshots the engine has stored."""
    lines = site.log_of("engine").read_bytes().splitlines()
    return sum(msgspec.json.decode(line)["event"] == "snapshot" for line in lines)


def _figures(measured: Measured, series: int) -> list[Figure]:
    ratios = {
        percent: percentile(measured.reflex_s, percent) / percentile(measured.bare_s, percent) for percent in (50, 99)
    }
    return [
        *(
            Figure(name=f"{name}, p{percent}", measured=percentile(times_s, percent) * 1000, unit="ms")
            for name, times_s in (("sample → command", measured.reflex_s), ("bare chain", measured.bare_s))
            for percent in (50, 99)
        ),
        Figure(name="sample → command against bare, p50", measured=ratios[50], unit="times"),
        Figure(name="sample → command against bare, p99", measured=ratios[99], unit="times", limit=MAX_RATIO),
        Figure(
            name="background load",
            measured=measured.samples_per_s,
            unit="samples/s",
            limit=load.SAMPLES_PER_S * LOAD_TOLERANCE,
            at_least=True,
        ),
        Figure(name="snapshots meanwhile", measured=measured.snapshots, unit="", limit=MIN_SNAPSHOTS, at_least=True),
        Figure(name="series in the newest one", measured=series, unit="", limit=load.SERIES, at_least=True),
    ]
