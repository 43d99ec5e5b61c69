"""Runs of random faults and deaths, each from its seed: an effect happens once, or nobody claims to know."""

import os
import random
from pathlib import Path
from typing import Any

import pytest

from schemas.plugins import Effect, EffectFailed, EffectUnknown
from tests.actuators.conformance.interrupted import cancelled_at
from tests.actuators.http.server import FAULTS, Server, call, calling, serving
from tests.actuators.site import open_gate

SEED = int(os.environ.get("REFLEXARC_SEED", "1"))
RUNS = {"plain": 40, "observing": 40, "idempotent": 10}
if "REFLEXARC_SEED" in os.environ:
    RUNS = dict.fromkeys(RUNS, 1000)


async def outcome(folder: Path, server: Server, endpoint: dict[str, Any], by: str, dies_at: int) -> str:
    """What the command comes to, as its host would say it; it may die at an await, and its successor goes on."""
    asked = call(by=by)
    async with calling(folder, **endpoint) as actuator:
        try:
            if await cancelled_at(dies_at, actuator.execute(asked, open_gate)):
                return "succeeded"
        except EffectFailed:
            return "failed"
        except EffectUnknown:
            return "unknown"
    async with calling(folder, **endpoint) as successor:
        match await successor.observe(asked):
            case Effect():
                return "succeeded"
            case "absent":
                return await outcome(folder, server, endpoint, by, dies_at=0)
    return "unknown"


@pytest.mark.parametrize("kind", RUNS)
async def test_an_effect_happens_once_or_its_fate_is_unknown(tmp_path: Path, kind: str) -> None:
    """What is told as done was done once, what is told as failed was not, and nothing is done twice."""
    with serving(Server()) as server:
        server.dedups = kind != "plain"
        endpoint: dict[str, Any] = {"url": f"{server.url}/x", "timeout_s": 0.05, "idempotent": kind == "idempotent"}
        if kind == "observing":
            endpoint["observe"] = {"url": f"{server.url}/done/{{command_id}}"}
        seen = set()
        for run in range(RUNS[kind]):
            lots = random.Random(SEED * 1000 + run)
            server.faults.clear()
            server.faults.extend(lots.choices(FAULTS, k=lots.randrange(3)))
            by, dies_at = f"{kind}-{run}", lots.choice([0, 0, lots.randrange(1, 12)])
            told = await outcome(tmp_path, server, endpoint, by, dies_at)
            effects = server.effects[by]
            allowed = {"succeeded": (1,), "failed": (0,), "unknown": (0, 1)}[told]
            assert effects in allowed, f"seed {SEED}, run {run}: {told} with {effects} effects"
            seen.add(told)
        assert {"succeeded", "unknown"} <= seen
