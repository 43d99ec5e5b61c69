"""The halt as actuators see it: a KV bucket that is read immediately before every effect.

The control message in the journal is what decisions follow; this view stops what was decided before it. The command
line writes it first.
"""

import msgspec

from engine.runtime import kv
from engine.runtime.bus import Bus
from schemas.control import Halt

BUCKET = "halt"
EVERYTHING = "*"


async def write(bus: Bus, halt: Halt) -> None:
    await kv.put(bus, BUCKET, halt.scope, msgspec.json.encode(halt))


async def clear(bus: Bus, scope: str) -> None:
    await kv.delete(bus, BUCKET, scope)


async def on(bus: Bus, target: str, lock: str) -> Halt | None:
    """The halt that stops acts on `target`, if there is one: of everything, of the target, or of its lock."""
    for scope in dict.fromkeys((EVERYTHING, target, lock)):
        found = await kv.get(bus, BUCKET, scope)
        if found is not None:
            return msgspec.json.decode(found.value, type=Halt)
    return None
