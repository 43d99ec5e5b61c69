"""What holds for every verb of every actuator as its service runs it: authorised, in time, and once whatever dies."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from msgspec.structs import replace

from engine.runtime import halts
from engine.runtime.bus import Bus
from engine.runtime.publishing import new_id
from schemas.commands import Command
from schemas.control import Halt
from schemas.inventory import Target
from schemas.outcomes import Outcome
from schemas.plugins import Actuator, ActuatorContext, Effect, Gate, Observation, PluginConfig
from schemas.reasons import Reason
from tests.actuators.conformance.harness import Case, Harness, command_of, verb_of
from tests.actuators.conformance.harnesses import built, cases, first_of_its_verb
from tests.conftest import ServerUnderTest
from tests.runtime.roles import PATIENCE_S, actuator_of, answered, outcomes, send

Death = Literal["never", "before the effect", "after the effect"]


class Mortal:
    """The actuator in a service that dies when it is told to, as far as the command that it is at can tell."""

    def __init__(self, actuator: Actuator, dies: Death) -> None:
        self._actuator = actuator
        self._dies = dies
        self.died = asyncio.Event()

    async def inventory(self) -> Sequence[Target]:
        return await self._actuator.inventory()

    async def observe(self, command: Command) -> Observation:
        return await self._actuator.observe(command)

    async def execute(self, command: Command, gate: Gate) -> Effect:
        if self._dies == "before the effect":
            await self._die()
        effect = await self._actuator.execute(command, gate)
        if self._dies == "after the effect":
            await self._die()
        return effect

    def changes(self) -> AsyncIterator[None]:
        return self._actuator.changes()

    async def close(self) -> None:
        """Whoever made the actuator closes it."""

    async def _die(self) -> None:
        self.died.set()
        await asyncio.Event().wait()


class Service:
    """One scope of its own on the shared server, and the harness of one actuator."""

    def __init__(self, server: ServerUnderTest, bus: Bus, folder: Path, harness: Harness) -> None:
        self.bus = bus
        self.harness = harness
        self.scope = f"s-{new_id()}"
        self._server = server
        self._folder = folder

    @asynccontextmanager
    async def running(self, actuator: Actuator, dies: Death = "never") -> AsyncIterator[Mortal]:
        mortal = Mortal(actuator, dies)

        async def build(config: PluginConfig, context: ActuatorContext) -> Mortal:
            return mortal

        spec = dataclasses.replace(self.harness.spec, config=PluginConfig, build=build)
        async with actuator_of(self._server, self._folder, self.scope, spec):
            yield mortal

    async def command(self, actuator: Actuator, case: Case, *, deadline_ms: int = 10**15) -> Command:
        """A command on a lock that no other test has, and in no hurry but for its deadline."""
        made = await command_of(actuator, self.harness.spec, case, by=new_id())
        lock = f"{self.scope}/{made.lock}"
        return replace(made, scope=self.scope, lock=lock, deadline_ms=deadline_ms, lease_ms=60_000)

    async def outcome_of(self, command: Command) -> Outcome:
        """Send it, and wait for its answer."""
        await send(self.bus, command)
        return (await outcomes(self.bus, self.scope, of=command.actuator))[0]


@pytest_asyncio.fixture
async def service(name: str, tmp_path: Path, nats_server: ServerUnderTest, bus: Bus) -> AsyncIterator[Service]:
    (tmp_path / "world").mkdir()
    async with built(name, tmp_path / "world") as harness:
        yield Service(nats_server, bus, tmp_path / "service", harness)


@cases(first_of_its_verb)
async def test_a_command_that_is_delivered_twice_has_one_effect_and_one_answer(service: Service, case: Case) -> None:
    """Also where the target itself could not tell."""
    async with service.harness.actuator() as actuator:
        await case.given(actuator)
        asked = await service.command(actuator, case)
        async with service.running(actuator):
            outcome = await service.outcome_of(asked)
            await answered(service.bus, await send(service.bus, asked))
        assert (outcome.status, outcome.observed) == ("succeeded", False), outcome.detail
        assert len(await outcomes(service.bus, service.scope, of=asked.actuator)) == 1
        assert service.harness.effects(case, asked.id) == 1


@cases(first_of_its_verb)
async def test_a_command_that_comes_after_its_deadline_has_no_effect(service: Service, case: Case) -> None:
    """It is answered so, and the engine decides anew."""
    async with service.harness.actuator() as actuator:
        await case.given(actuator)
        asked = await service.command(actuator, case, deadline_ms=1)
        async with service.running(actuator):
            outcome = await service.outcome_of(asked)
        assert (outcome.status, outcome.reason) == ("expired", Reason.DEADLINE_PASSED)
        assert service.harness.effects(case, asked.id) == 0


@cases(first_of_its_verb)
async def test_what_is_halted_is_not_changed(service: Service, case: Case) -> None:
    """What only tells or looks goes on: people are to hear of it."""
    async with service.harness.actuator() as actuator:
        await case.given(actuator)
        asked = await service.command(actuator, case)
        await halts.write(service.bus, Halt(id="h", by="ada", scope=asked.lock))
        async with service.running(actuator):
            outcome = await service.outcome_of(asked)
        changes = verb_of(service.harness.spec, case).changes_target
        assert (outcome.status, outcome.reason) == (("refused", Reason.HALTED) if changes else ("succeeded", None))
        assert service.harness.effects(case, asked.id) == (0 if changes else 1)


@pytest.mark.parametrize("dies", ["before the effect", "after the effect"])
@cases(first_of_its_verb)
async def test_a_command_whose_service_dies_is_done_once_or_unknown(service: Service, case: Case, dies: Death) -> None:
    """The next service finds the mark, or acts where there is none; where none is kept, it says so and does nothing."""
    async with service.harness.actuator() as actuator:
        await case.given(actuator)
        asked = await service.command(actuator, case)
        async with service.running(actuator, dies) as mortal:
            await send(service.bus, asked)
            await asyncio.wait_for(mortal.died.wait(), PATIENCE_S)
    async with service.harness.actuator() as successor, service.running(successor):
        outcome = await service.outcome_of(asked)
    acted = dies == "after the effect"
    if case.marked:
        assert (outcome.status, outcome.observed) == ("succeeded", acted), outcome.detail
    else:
        assert (outcome.status, outcome.reason) == ("unknown", Reason.LEASE_LAPSED)
    assert service.harness.effects(case, asked.id) == (1 if case.marked else acted)
