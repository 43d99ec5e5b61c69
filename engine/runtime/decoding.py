"""A stored journal message as the core takes it, with what it only names fetched from the object store."""

from engine.core.messages import Activation, Body, Message, Unreadable
from engine.core.state import State
from engine.promql import PromqlError
from engine.runtime import bundles
from engine.runtime.bus import Bus
from engine.runtime.history import past_of
from engine.runtime.received import Received
from engine.template import TemplateError
from schemas import subjects
from schemas.codec import Undecodable, decode
from schemas.control import Activate


async def decoded(bus: Bus, received: Received, state: State) -> Message:
    """The message for the core, whose state is `state`. One that nobody can read is passed on as such: it too has its
    place in the order.
    """
    body = await _body(bus, received, state)
    return Message(received.seq, received.time_ms, body, subjects.node_of(received.subject))


async def _body(bus: Bus, received: Received, state: State) -> Body:
    try:
        body = decode(received.subject, received.data, state.knows_layout, received.seq)
    except Undecodable as error:
        return Unreadable(str(error))
    if not isinstance(body, Activate):
        return body
    program = await bundles.load(bus, body.bundle)
    if program is None:
        return Unreadable(f"bundle: {body.bundle!r} is not in the object store")
    try:
        past, began_ms = await past_of(bus, state, program, received)
    except (PromqlError, TemplateError) as error:  # checked by another version than ours
        return Unreadable(f"bundle: {error}")
    return Activation(body, program, past, began_ms)
