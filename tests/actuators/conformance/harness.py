"""What an actuator brings to the suite: something to act on, a command for each verb, and a world that counts.

The suite makes each command as the engine would, from the inventory: with the target's lock, under the condition that
the verb declares, on what the target's attributes are then.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

from msgspec.structs import replace

from schemas.commands import Command
from schemas.plugins import Actuator, ActuatorSpec, VerbSpec
from tests.actuators import site


async def nothing(actuator: Actuator) -> None:
    """The world is as it should be already."""


@dataclass(frozen=True)
class Case:
    """A verb on a target that is due in the state that `given` makes.

    It `changes` these attributes of the target. `marked` is whether the target keeps a mark of it; `undone` whether the
    effect says what undoes it.
    """

    verb: str
    target: str
    args: Mapping[str, Any] = field(default_factory=dict)
    given: Callable[[Actuator], Awaitable[None]] = nothing
    changes: Mapping[str, Any] = field(default_factory=dict)
    marked: bool = True
    undone: bool = False

    @property
    def restored(self) -> frozenset[str]:
        """Of what it changes that which the undo takes back; what counts changes goes on counting."""
        return frozenset(self.changes) - {"generation", "revision", "runs"}


class Harness(Protocol):
    """A small world for one actuator, in a folder of its own. Entered before use; leaving it leaves nothing running."""

    spec: ClassVar[ActuatorSpec]
    cases: ClassVar[Mapping[str, Case]]

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...

    def actuator(self) -> AbstractAsyncContextManager[Actuator]:
        """The actuator on this world; called again after the one before is closed, its successor on the same state."""
        ...

    def effects(self, case: Case, command: str) -> int:
        """How often the command has had its effect, by the world's own count and not by the actuator's."""
        ...


def verb_of(spec: ActuatorSpec, case: Case) -> VerbSpec:
    return next(verb for verb in spec.verbs if verb.name == case.verb)


async def attributes(actuator: Actuator, target: str) -> dict[str, Any]:
    """What the target is like now; {} when there is none."""
    return next((found.attributes for found in await actuator.inventory() if found.id == target), {})


async def command_of(actuator: Actuator, spec: ActuatorSpec, case: Case, *, by: str = "c1") -> Command:
    """The command as it would be decided on what there is now."""
    target = next(found for found in await actuator.inventory() if found.id == case.target)
    verb = verb_of(spec, case)
    condition = {name: target.attributes.get(name) for name in verb.condition}
    absolute = {name: target.attributes[attribute] for name, attribute in verb.absolute.items()}
    made = site.command(case.verb, case.target, condition, by=by, **{**absolute, **case.args})
    return replace(made, actuator=spec.name, lock=target.lock)
