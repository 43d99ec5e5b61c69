"""Ending, pausing and resuming processes, never anybody else's.

A signal goes through a pidfd that was checked after it was opened, so a reused pid is never signalled. Whom to signal
is decided elsewhere; every act waits for its gate.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterable

from actuators.process.processes import Process, alive, session, state
from schemas.plugins import EffectFailed, Gate

KILL_WAIT_S = 5.0
_POLL_S = 0.01


def send(processes: Iterable[Process], *signals: signal.Signals) -> None:
    """Send each of the processes that still lives these signals, in this order."""
    for process in processes:
        try:
            handle = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        try:
            if alive(process):
                for each in signals:
                    signal.pidfd_send_signal(handle, each)
        except ProcessLookupError:
            pass
        finally:
            os.close(handle)


async def stop(leader: Process | None, timeout_s: float, gate: Gate) -> None:
    """End a process and its session: asked first, and killed after `timeout_s`. Does nothing when it is dead.

    Raises `EffectFailed` when even the kill does not end it, as a process in uninterruptible sleep may do.
    """
    members = session(leader) if leader else ()
    if not members:
        return
    await gate()
    # A paused process hears SIGTERM only once it goes on.
    send(members, signal.SIGTERM, signal.SIGCONT)
    if not await _gone(members, timeout_s):
        await kill(members, gate)


async def kill(members: Iterable[Process], gate: Gate) -> None:
    """End processes without asking them, paused or not. Raises `EffectFailed` as `stop` does."""
    left = [member for member in members if alive(member)]
    if not left:
        return
    await gate()
    send(left, signal.SIGKILL)
    if not await _gone(left, KILL_WAIT_S):
        raise EffectFailed(f"processes {[process.pid for process in left]} do not end, even when killed")


async def pause(leader: Process, gate: Gate) -> None:
    """Pause a process and its session; returns when all of it stands still. Does nothing when it is dead."""
    await gate()
    # What a member forks before it is paused shows up in the next round.
    while running := [member for member in session(leader) if state(member) not in ("", "T", "t")]:
        send(running, signal.SIGSTOP)
        await asyncio.sleep(_POLL_S)


def resume(leader: Process) -> None:
    """Let a paused process and its session go on."""
    send(session(leader), signal.SIGCONT)


async def _gone(processes: Iterable[Process], timeout_s: float) -> bool:
    waiting_until = time.monotonic() + timeout_s
    while any([alive(process) for process in processes]):  # noqa: C419 - a list, so that every zombie is reaped
        if time.monotonic() >= waiting_until:
            return False
        await asyncio.sleep(_POLL_S)
    return True
