"""A small actuator plugin that does what a command's arguments say, and remembers what it did."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from schemas.commands import Command, Origin, command_id
from schemas.inventory import Target
from schemas.plugins import (
    ActuatorContext,
    ActuatorSpec,
    ConditionFailed,
    Effect,
    EffectFailed,
    EffectUnknown,
    Gate,
    Observation,
    PluginConfig,
    VerbSpec,
)

NAME = "probe"
MINUTE_MS = 60_000

TURN = VerbSpec(
    name="turn", summary="Turns a thing.", targets={"thing": ("name",)}, optional=("then",), timeout_ms=5_000
)
HURRY = VerbSpec(name="hurry", summary="Turns it at once.", targets={"thing": ("name",)}, timeout_ms=20)
TELL = VerbSpec(name="tell", summary="Only tells.", targets={"thing": ("name",)}, changes_target=False)


class Probe:
    """`begun` are the commands that it was asked to carry out, `acted` those that had their effect.

    While `may_act` is not set, effects wait. `observation` is what it finds of a command whose executor died.
    """

    def __init__(self, observation: Observation = "absent") -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.acted: list[str] = []
        self.may_act = asyncio.Event()
        self.may_act.set()
        self.observation = observation
        self.observed: list[str] = []

    @property
    def spec(self) -> ActuatorSpec:
        async def build(config: PluginConfig, context: ActuatorContext) -> "Probe":
            return self

        return ActuatorSpec(
            name=NAME, summary="For tests.", config=PluginConfig, verbs=(TURN, HURRY, TELL), build=build
        )

    async def inventory(self) -> Sequence[Target]:
        return [Target(id=f"thing:{name}", lock=name, attributes={"turns": len(self.acted)}) for name in "ab"]

    async def observe(self, command: Command) -> Observation:
        self.observed.append(command.id)
        return self.observation

    async def execute(self, command: Command, gate: Gate) -> Effect:
        self.begun.put_nowait(command.id)
        await self.may_act.wait()
        await gate()
        match command.args.get("then"):
            case "conflict":
                raise ConditionFailed({"turns": 7}, "turned by another")
            case "fail":
                raise EffectFailed("stuck")
            case "unknown":
                raise EffectUnknown("no answer")
            case "take long":
                await asyncio.sleep(2.5)
        self.acted.append(command.id)
        return Effect(before={"turns": len(self.acted) - 1}, after={"turns": len(self.acted)})

    async def changes(self) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield

    async def close(self) -> None:
        self.may_act.set()


def command(scope: str, verb: str = "turn", *, thing: str = "a", cause: int = 1, **given: Any) -> Command:
    """A command to the probe on `scope`; what is not given is as usual. Another `cause` is another command."""
    origin = Origin(kind="rule", name="Turn")
    usual: dict[str, Any] = {
        "id": command_id(origin, f"{scope}/{thing}", cause, 0, 0, verb),
        "actuator": NAME,
        "args": {},
        "issued_ms": 0,
        "deadline_ms": 10**15,
        "lease_ms": MINUTE_MS,
    }
    return Command(
        **(usual | given),
        scope=scope,
        verb=verb,
        target=f"thing:{thing}",
        lock=f"{scope}/{thing}",
        condition={},
        summary="a test",
        origin=origin,
        ladder="l",
        step=0,
        attempt=0,
        cause=cause,
        index=0,
    )
