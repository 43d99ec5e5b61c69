"""Engines and their keys: several at once, new ones while everything runs, and tokens that outlive an actuator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest_asyncio

from engine.cli import own_key
from engine.cli.config import Config
from engine.cli.trusting import LiveTrust, own
from engine.runtime import keys
from engine.runtime.bus import Bus
from engine.runtime.keys import KeyFile, SigningKey
from engine.runtime.publishing import new_id
from engine.runtime.trust import Trust, Trusted, allow_list
from schemas import subjects
from schemas.codec import encode
from schemas.commands import Command
from schemas.outcomes import Outcome
from schemas.reasons import Reason
from schemas.refusals import Refusals
from tests.conftest import ServerUnderTest
from tests.runtime.probe import NAME, Probe, command
from tests.runtime.roles import (
    KEY,
    PATIENCE_S,
    POLL_S,
    TRUSTED,
    actuator,
    answered,
    engine,
    outcomes,
    said,
    send,
    signed,
    status,
)


class Target(NamedTuple):
    """A scope of one's own to act on."""

    bus: Bus
    scope: str
    probe: Probe

    async def outcome_of(self, cause: int, key: SigningKey) -> Outcome:
        """What becomes of a command that this key has signed. No other of this scope may be waited for."""
        sent = command(self.scope, cause=cause)
        await self._answered(sent, key)
        found = await outcomes(self.bus, self.scope, len(self.probe.acted))
        (outcome,) = [each for each in found if each.command == sent.id]
        return outcome

    async def reason_against(self, cause: int, key: SigningKey, reports: int = 1) -> Reason:
        """Why the command that this key has signed is refused; the so manieth report of this scope."""
        await self._answered(command(self.scope, cause=cause), key)
        found = [each async for each in said(self.bus, subjects.outcomes(NAME, self.scope), Refusals, reports)]
        return found[-1].refused[0].reason

    async def _answered(self, sent: Command, key: SigningKey) -> None:
        subject, data = subjects.commands(NAME, self.scope, sent.verb), encode(sent)
        await answered(self.bus, (await self.bus.publish(subject, data, headers=signed(subject, data, key=key))).seq)


@pytest_asyncio.fixture
async def target(bus: Bus) -> AsyncIterator[Target]:
    yield Target(bus, f"s-{new_id()}", Probe())


async def test_two_engines_with_keys_of_their_own_are_both_obeyed(
    target: Target, nats_server: ServerUnderTest, tmp_path: Path
) -> None:
    """And each within what the actuator lets it do."""
    one, two = keys.generate(), keys.generate()
    allowed = allow_list([Trusted(name="one", public=one.public), Trusted(name="two", public=two.public)])
    async with actuator(nats_server, tmp_path, target.scope, target.probe, lambda: allowed):
        assert (await target.outcome_of(1, one)).status == "succeeded"
        assert (await target.outcome_of(2, two)).status == "succeeded"
        assert await target.reason_against(3, KEY) is Reason.UNKNOWN_KEY


async def test_a_key_is_replaced_while_everything_runs(
    target: Target, nats_server: ServerUnderTest, tmp_path: Path
) -> None:
    """The next command is signed with the new key and carried out; the old one counts for as long as was said."""
    config = Config(state_dir=tmp_path)
    own_key.ensure(config)
    engines = KeyFile(config.signing_key_file)
    trust = LiveTrust([config.own_trust_file], lambda: own(config.own_trust_file))
    async with actuator(nats_server, tmp_path / "actuator", target.scope, target.probe, trust):
        first = engines.current()
        assert (await target.outcome_of(1, first)).status == "succeeded"
        own_key.rotate(config, keep=timedelta(hours=1))
        second = engines.current()
        assert second.id != first.id
        assert (await target.outcome_of(2, second)).status == "succeeded"
        assert (await target.outcome_of(3, first)).status == "succeeded"
        own_key.rotate(config, keep=timedelta(0))
        assert await target.reason_against(4, second) is Reason.KEY_NOT_VALID
        assert (await target.outcome_of(5, engines.current())).status == "succeeded"


async def test_who_is_taken_off_the_list_is_no_longer_obeyed(
    target: Target, nats_server: ServerUnderTest, tmp_path: Path
) -> None:
    """An edit of the allow list counts from the next command on, and one that cannot be read changes nothing."""
    config = Config(state_dir=tmp_path)
    key = own_key.ensure(config)
    trust = LiveTrust([config.own_trust_file], lambda: own(config.own_trust_file))
    async with actuator(nats_server, tmp_path / "actuator", target.scope, target.probe, trust):
        assert (await target.outcome_of(1, key)).status == "succeeded"
        config.own_trust_file.write_text("[engine]\nkey = 7\n")
        assert (await target.outcome_of(2, key)).status == "succeeded"
        config.own_trust_file.write_text("")
        assert await target.reason_against(3, key) is Reason.UNKNOWN_KEY


async def test_an_actuator_that_starts_again_knows_the_newest_engine(
    target: Target, nats_server: ServerUnderTest, tmp_path: Path
) -> None:
    """The fencing token that it has seen outlives it, and so does what was sent before that token was seen."""
    async with actuator(nats_server, tmp_path, target.scope, target.probe):
        await answered(target.bus, await send(target.bus, command(target.scope, cause=2), epoch=7))
    late = command(target.scope, cause=3)
    async with actuator(nats_server, tmp_path, target.scope, target.probe):
        await answered(target.bus, await send(target.bus, late, epoch=6))
        (report,) = [each async for each in said(target.bus, subjects.outcomes(NAME, target.scope), Refusals, 1)]
    assert [each.reason for each in report.refused] == [Reason.FENCED]
    assert late.id not in target.probe.acted


async def test_what_an_engine_sent_before_it_was_replaced_still_stands(
    target: Target, nats_server: ServerUnderTest, tmp_path: Path
) -> None:
    """Its successor goes by it: it is carried out even where the successor's command came to its turn before."""
    target.probe.may_act.clear()
    before, after = command(target.scope, cause=1), command(target.scope, cause=2, thing="b")
    async with actuator(nats_server, tmp_path, target.scope, target.probe):
        await send(target.bus, before, epoch=1)
        await send(target.bus, after, epoch=2)
        assert {await target.probe.begun.get(), await target.probe.begun.get()} == {before.id, after.id}
    # Its actuator died, and the next one is given both again.
    again = Probe()
    async with actuator(nats_server, tmp_path, target.scope, again):
        assert {each.status for each in await outcomes(target.bus, target.scope, 2)} == {"succeeded"}
    assert set(again.acted) == {before.id, after.id}


async def test_an_engine_knows_who_would_refuse_its_commands(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """Before it has sent one: an actuator that does not list its key can be told, and not the silence that follows."""
    lists = {"knowing": allow_list([TRUSTED]), "other": allow_list([Trusted(name="b", public=keys.generate().public)])}
    async with engine(mortal_server, tmp_path), AsyncExitStack() as running:
        for scope, listed in lists.items():
            (tmp_path / scope).mkdir()
            trust: Trust = partial(dict, listed)
            await running.enter_async_context(actuator(mortal_server, tmp_path / scope, scope, Probe(), trust=trust))
        async with asyncio.timeout(PATIENCE_S):
            while len((found := await status(mortal_bus))["inventory"]) < len(lists):
                await asyncio.sleep(POLL_S)
    assert found["disbelieved_by"] == [f"{NAME}/other"]
    assert found["key"] == KEY.id
