"""What a state of this size costs: written, read back, and in the pause that a fork makes."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

from engine.core.snapshot import restore, save
from engine.core.state import State
from tests.bench.figures import Figure, percentile

FORKS = 20

_Result = TypeVar("_Result")


def run(state: State) -> list[Figure]:
    """For information: nothing here is promised."""
    saved, save_ms = _timed(lambda: save(state))
    _, restore_ms = _timed(lambda: restore(saved))
    forks_ms = [_fork_ms() for _ in range(FORKS)]
    return [
        Figure(name="state, saved", measured=len(saved) / 1e6, unit="MB"),
        Figure(name="state, time to save", measured=save_ms, unit="ms"),
        Figure(name="state, time to restore", measured=restore_ms, unit="ms"),
        Figure(name="fork of a process that holds it, p50", measured=percentile(forks_ms, 50), unit="ms"),
    ]


def _timed(work: Callable[[], _Result]) -> tuple[_Result, float]:
    started_s = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - started_s) * 1000


def _fork_ms() -> float:
    started_s = time.perf_counter()
    child = os.fork()
    if child == 0:
        os._exit(0)
    paused_ms = (time.perf_counter() - started_s) * 1000
    os.waitpid(child, 0)
    return paused_ms
