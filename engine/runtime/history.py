"""The journal read again for new rules: what it held of the series that nobody looked at before."""

from engine.core.past import Past
from engine.core.program import Program
from engine.core.state import State
from engine.runtime.bus import Bus
from engine.runtime.lookup import get, scan, stream_state
from engine.runtime.received import Received
from schemas import subjects
from schemas.codec import Undecodable, decode
from schemas.samples import SampleBatch

_SAMPLES = "ops.metrics.>"


async def past_of(bus: Bus, state: State, program: Program, activated: Received) -> tuple[Past, int]:
    """What `program` wants to know of the time before the message that activates it, and when the journal begins."""
    past = Past(state, program, activated.time_ms)
    since_ms = past.since_ms
    if since_ms is None:
        return past, 0
    async for page in scan(bus, subjects.JOURNAL, _SAMPLES, start_ms=since_ms):
        for received in page:
            if received.seq >= activated.seq:
                return past, await _began_ms(bus)
            _tell(past, received)
    return past, await _began_ms(bus)


def _tell(past: Past, received: Received) -> None:
    try:
        batch = decode(received.subject, received.data)
    except Undecodable:
        return  # it was buried when it came
    assert isinstance(batch, SampleBatch)
    past.tell(received.seq, received.time_ms, subjects.node_of(received.subject), batch)


async def _began_ms(bus: Bus) -> int:
    first = await get(bus, subjects.JOURNAL, (await stream_state(bus, subjects.JOURNAL)).first_seq)
    return first.time_ms if first else 0
