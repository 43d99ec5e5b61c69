"""An act on a cluster happens once, whatever fails: a few seeds of each verb here, 1,000 of each with `make soak`."""

import os
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.actuators.kubernetes.once import Bench, Run, Scenario
from tests.actuators.kubernetes.scenarios import SCENARIOS

RUNS = int(os.environ.get("REFLEXARC_RUNS", "4"))
FIRST = int(os.environ.get("REFLEXARC_SEED", "1"))


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    found = Bench()
    yield found
    await found.close()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
async def test_the_effect_happens_once_or_nobody_can_tell(bench: Bench, scenario: Scenario) -> None:
    """Under time-outs after the effect, errors before it, conflicts, 429s, resets, crashes at any request and a second
    actuator, a verb's effect happens at most once; what is told of it is so; and it is not lost."""
    told: Counter[str] = Counter()
    for seed in range(FIRST, FIRST + RUNS):
        run = await bench.run(scenario, seed)
        assert not mistakes(run, late=scenario.since is not None), (
            f"replay with REFLEXARC_SEED={seed} REFLEXARC_RUNS=1: {run}"
        )
        told[run.status] += 1
    assert told["conflict" if scenario.since else "succeeded"] > 0


def mistakes(run: Run, *, late: bool) -> list[str]:
    """What a run shows that may not be. There is time enough in it, so nothing may fail; what comes too `late` has no
    effect."""
    if late:
        found = [] if run.wanted and not run.effects else ["what somebody else did is undone"]
        return found if run.status == "conflict" else [*found, f"told is {run.status}"]
    twice = [name for name, count in Counter(run.effects).items() if count > 1]
    found = [f"{name} happened twice" for name in twice]
    if run.status == "succeeded" and not (run.effects and run.wanted):
        found.append("success is told of what is not so")
    if run.status not in ("succeeded", "unknown"):
        found.append(f"it is lost: {run.status}")
    return found
