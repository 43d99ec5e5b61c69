"""A stored journal message as the core takes it, with what it only names fetched from the object store."""

from engine.core.messages import Activation, Message
from engine.runtime import bundles
from engine.runtime.bus import Bus
from engine.runtime.received import Received
from schemas.codec import Undecodable, decode
from schemas.control import Activate


async def decoded(bus: Bus, received: Received) -> Message:
    """The message for the core. Raises `Undecodable`."""
    body = decode(received.subject, received.data)
    if isinstance(body, Activate):
        program = await bundles.load(bus, body.bundle)
        if program is None:
            raise Undecodable(f"bundle: {body.bundle!r} is not in the object store")
        return Message(received.seq, received.time_ms, Activation(body, program))
    return Message(received.seq, received.time_ms, body)
