"""The journal played again through the core, without a hand on anything: for backtests, and to prove that a replay
decides what was decided live.
"""

from collections.abc import AsyncIterator

from engine.core.effects import Effect
from engine.core.state import State
from engine.core.step import step
from engine.runtime.bus import Bus
from engine.runtime.decoding import decoded
from engine.runtime.lookup import scan
from schemas import subjects


async def replay(bus: Bus, state: State) -> AsyncIterator[tuple[int, tuple[Effect, ...]]]:
    """Step `state` through what the journal holds after it; yields each message's sequence and effects."""
    async for page in scan(bus, subjects.JOURNAL, start_seq=state.seq + 1):
        for received in page:
            yield received.seq, step(state, await decoded(bus, received, state))
