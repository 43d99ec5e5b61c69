"""The halt as actuators see it: a KV bucket that is read immediately before every effect.

The control message in the journal is what decisions follow; this view stops what was decided before it. The command
line writes it first.
"""

import msgspec

from engine.runtime import kv
from engine.runtime.bus import Bus
from schemas.commands import Command
from schemas.control import Halt, halt_scopes

BUCKET = "halt"


async def write(bus: Bus, halt: Halt) -> None:
    await kv.put(bus, BUCKET, halt.scope, msgspec.json.encode(halt))


async def clear(bus: Bus, scope: str) -> None:
    await kv.delete(bus, BUCKET, scope)


async def scopes(bus: Bus) -> list[str]:
    """What is halted."""
    return await kv.keys(bus, BUCKET)


async def on(bus: Bus, command: Command) -> Halt | None:
    """The halt that stops the command, if there is one."""
    rules = command.origin.name, *command.acts_for
    scopes = halt_scopes(command.target, command.lock, rules, command.service)
    for scope in dict.fromkeys(scopes):
        found = await kv.get(bus, BUCKET, scope)
        if found is not None:
            return _read(scope, found.value)
    return None


def _read(scope: str, value: bytes) -> Halt:
    """What nobody can read is a halt, too: somebody wanted one."""
    try:
        return msgspec.json.decode(value, type=Halt)
    except msgspec.MsgspecError:
        return Halt(id="", by="somebody", scope=scope, why="the halt cannot be read; resume it, and halt anew")
