"""What happens to a command: each has one answer and at most one effect, whoever died meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from engine.runtime import halts, kv, lookup
from engine.runtime.actuator_host import AlreadyRunningError
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import Conflict
from engine.runtime.claims import BUCKET, Claims, Held, Sent, Taken
from engine.runtime.publishing import new_id, now_ms
from schemas import subjects
from schemas.codec import decode
from schemas.control import Halt
from schemas.inventory import Inventory
from schemas.outcomes import Outcome
from schemas.plugins import Effect, Observation
from schemas.reasons import Reason
from tests.conftest import ServerUnderTest
from tests.runtime.probe import NAME, Probe, command
from tests.runtime.roles import PATIENCE_S, Role, actuator, answered, error_of, outcomes, send, stored

SENT = Sent(seq=1, epoch=1)
"""How a command came that somebody else had taken up before."""


class Service:
    """A running actuator service with a scope of its own."""

    def __init__(self, bus: Bus, scope: str, probe: Probe, role: Role) -> None:
        self.bus = bus
        self.scope = scope
        self.probe = probe
        self.role = role

    async def outcome_of(self, **given: Any) -> Outcome:
        """Send one command, and no other, and wait for its outcome."""
        await send(self.bus, command(self.scope, **given))
        return (await outcomes(self.bus, self.scope))[0]

    async def begun(self) -> str:
        """Wait for the next command to begin."""
        return await asyncio.wait_for(self.probe.begun.get(), PATIENCE_S)

    def claims(self, executor: str) -> Claims:
        """The ledger as this executor, of the time before the service started, uses it."""
        return Claims(self.bus, executor, 0, now_ms)


@pytest_asyncio.fixture
async def service(nats_server: ServerUnderTest, bus: Bus, tmp_path: Path) -> AsyncIterator[Service]:
    scope, probe = f"s-{new_id()}", Probe()
    async with actuator(nats_server, tmp_path, scope, probe) as role:
        yield Service(bus, scope, probe, role)


@pytest.mark.parametrize(
    ("given", "status", "reason"),
    [
        ({}, "succeeded", None),
        ({"args": {"then": "fail"}}, "failed", Reason.EFFECT_FAILED),
        ({"args": {"then": "conflict"}}, "conflict", Reason.CONDITION_CHANGED),
        ({"args": {"then": "unknown"}}, "unknown", None),
        ({"deadline_ms": 1}, "expired", Reason.DEADLINE_PASSED),
        ({"verb": "fly"}, "refused", Reason.UNKNOWN_VERB),
    ],
)
async def test_each_end_of_a_command_has_its_status(
    service: Service, given: dict[str, Any], status: str, reason: Reason | None
) -> None:
    """What became of the effect is what the outcome says, and only a success has acted."""
    outcome = await service.outcome_of(**given)
    assert (outcome.status, outcome.reason) == (status, reason)
    assert (outcome.actuator, outcome.scope, outcome.executor) == (NAME, service.scope, f"actuator@{service.scope}")
    assert len(service.probe.acted) == (status == "succeeded")


async def test_a_success_tells_before_and_after(service: Service) -> None:
    """The target's attributes around the effect are in the outcome, those found at a conflict too."""
    succeeded = await service.outcome_of()
    assert (succeeded.before, succeeded.after, succeeded.observed) == ({"turns": 0}, {"turns": 1}, False)
    await send(service.bus, command(service.scope, cause=2, args={"then": "conflict"}))
    conflict = (await outcomes(service.bus, service.scope, 2))[1]
    assert (conflict.before, conflict.detail) == ({"turns": 7}, "turned by another")


@pytest.mark.parametrize(("observation", "status"), [("absent", "failed"), ("unmarked", "unknown")])
async def test_an_effect_that_was_cut_off_is_a_failure_only_where_it_leaves_a_mark(
    service: Service, observation: Observation, status: str
) -> None:
    """Past its time-out an effect is given up; where nobody can tell whether it happened, it is unknown."""
    service.probe.observation = observation
    service.probe.may_act.clear()
    outcome = await service.outcome_of(verb="hurry")
    assert (outcome.status, outcome.detail) == (status, "not done within 0.02 s")


async def test_the_same_command_twice_is_one_effect(service: Service) -> None:
    """A command that is delivered again gets the answer it had; it is not carried out again."""
    first = await send(service.bus, command(service.scope))
    await answered(service.bus, first)
    again = await send(service.bus, command(service.scope))
    await answered(service.bus, again)
    assert len(await outcomes(service.bus, service.scope)) == 1
    assert service.probe.acted == [command(service.scope).id]


async def test_a_claim_of_another_that_lives_is_left_alone_until_it_has_lapsed(service: Service) -> None:
    """The command comes again when the claim has lapsed, and is then looked for at the target before it is done."""
    claimed = command(service.scope, lease_ms=700)
    lapses_ms = now_ms() + claimed.lease_ms
    assert isinstance(await service.claims("another").take(claimed, SENT), Taken)
    await send(service.bus, claimed)
    (outcome,) = await outcomes(service.bus, service.scope)
    assert outcome.started_ms >= lapses_ms
    assert outcome.status == "succeeded"
    assert service.probe.observed == service.probe.acted == [claimed.id]


async def test_ones_own_claim_from_before_ones_death_is_taken_at_once(service: Service) -> None:
    """A service that starts again does not wait for the lease of the one it was."""
    claimed = command(service.scope)
    await service.claims(f"actuator@{service.scope}").take(claimed, SENT)
    await send(service.bus, claimed)
    (outcome,) = await outcomes(service.bus, service.scope)
    assert (outcome.status, service.probe.observed) == ("succeeded", [claimed.id])


@pytest.mark.parametrize(
    ("observation", "status", "observed"),
    [(Effect({"turns": 3}, {"turns": 4}), "succeeded", True), ("unmarked", "unknown", False)],
)
async def test_what_a_dead_executor_may_have_done_is_not_repeated(
    service: Service, observation: Observation, status: str, observed: bool
) -> None:
    """An effect that is found counts; where the target keeps no mark the command's fate is unknown."""
    service.probe.observation = observation
    claimed = command(service.scope)
    await service.claims(f"actuator@{service.scope}").take(claimed, SENT)
    await send(service.bus, claimed)
    (outcome,) = await outcomes(service.bus, service.scope)
    assert (outcome.status, outcome.observed, service.probe.acted) == (status, observed, [])
    assert outcome.reason is (Reason.LEASE_LAPSED if status == "unknown" else None)


async def test_what_a_dead_executor_has_begun_is_brought_to_its_end(service: Service) -> None:
    """However late it is, since it was begun in time."""
    service.probe.observation = "begun"
    claimed = command(service.scope, deadline_ms=1)
    await service.claims(f"actuator@{service.scope}").take(claimed, SENT)
    await send(service.bus, claimed)
    (outcome,) = await outcomes(service.bus, service.scope)
    assert (outcome.status, service.probe.acted) == ("succeeded", [claimed.id])


@pytest.mark.parametrize(
    ("given", "status", "reason"),
    [
        ({"deadline_ms": 1}, "expired", Reason.DEADLINE_PASSED),
        ({"cause": 4}, "refused", Reason.SUPERSEDED),
        ({"args": {"then": "conflict"}, "cause": 6}, "conflict", Reason.CONDITION_CHANGED),
    ],
)
async def test_an_effect_that_never_happened_must_still_be_permitted(
    service: Service, given: dict[str, Any], status: str, reason: Reason
) -> None:
    """Taken over from a dead executor without effect, a command stands before the same checks as a new one."""
    if "cause" in given:
        await answered(service.bus, await send(service.bus, command(service.scope, cause=5)))
    claimed = command(service.scope, **given)
    await service.claims(f"actuator@{service.scope}").take(claimed, SENT)
    await send(service.bus, claimed)
    found = (await outcomes(service.bus, service.scope, 2 if "cause" in given else 1))[-1]
    assert (found.command, found.status, found.reason) == (claimed.id, status, reason)
    assert claimed.id not in service.probe.acted


async def test_an_older_command_after_a_newer_is_refused(service: Service) -> None:
    """Per lock the newest wins, by its cause in the journal."""
    await answered(service.bus, await send(service.bus, command(service.scope, cause=10)))
    await send(service.bus, command(service.scope, cause=9))
    outcome = (await outcomes(service.bus, service.scope, 2))[1]
    assert (outcome.status, outcome.reason) == ("refused", Reason.SUPERSEDED)
    assert len(service.probe.acted) == 1


async def test_one_lock_one_after_the_other_and_locks_beside_each_other(service: Service) -> None:
    """A second command for a thing waits for the first; one for another thing does not."""
    service.probe.may_act.clear()
    first, second = command(service.scope, cause=1), command(service.scope, cause=2)
    other = command(service.scope, cause=3, thing="b")
    for each in (first, second, other):
        await send(service.bus, each)
    assert {await service.begun(), await service.begun()} == {first.id, other.id}
    assert service.probe.begun.empty()
    service.probe.may_act.set()
    assert await service.begun() == second.id
    await outcomes(service.bus, service.scope, 3)


async def test_an_effect_longer_than_the_acknowledgement_time_happens_once(service: Service) -> None:
    """While a command is in hand the queue is told so and does not deliver it again."""
    outcome = await service.outcome_of(args={"then": "take long"}, lease_ms=600)
    assert outcome.status == "succeeded"
    assert len(service.probe.acted) == service.probe.begun.qsize() == 1


async def test_the_outcome_is_stored_before_the_command_leaves_the_queue(service: Service) -> None:
    """When the command is gone, its outcome is in the journal and in the ledger."""
    sent = command(service.scope)
    seq = await send(service.bus, sent)
    await answered(service.bus, seq)
    assert await lookup.last(service.bus, subjects.JOURNAL, subjects.outcomes(NAME, service.scope)) is not None
    assert isinstance(await service.claims("another").take(sent, Sent(seq, 1)), Outcome)


async def test_what_an_effect_changed_is_in_the_journal_before_its_outcome(service: Service) -> None:
    """Whoever decides on the outcome knows the target as it is now."""
    await service.outcome_of()
    (outcome,) = await stored(service.bus, subjects.JOURNAL, subjects.outcomes(NAME, service.scope))
    inventories = await stored(service.bus, subjects.JOURNAL, subjects.inventory(service.scope))
    newest = decode(inventories[-1].subject, inventories[-1].data)
    assert isinstance(newest, Inventory)
    assert newest.targets[0].attributes == {"turns": 1}
    assert inventories[-1].seq < outcome.seq


async def test_a_halt_stops_at_the_gate(service: Service) -> None:
    """A halt that comes when the command has begun, but not yet acted, still stops it, and says who and why."""
    service.probe.may_act.clear()
    halted = command(service.scope, thing=service.scope)
    await send(service.bus, halted)
    await service.begun()
    await halts.write(service.bus, Halt(id="h", by="ann", scope=halted.target, why="fire drill"))
    service.probe.may_act.set()
    (outcome,) = await outcomes(service.bus, service.scope)
    assert (outcome.status, outcome.reason, outcome.detail) == ("refused", Reason.HALTED, "by ann: fire drill")
    assert service.probe.acted == []


async def test_a_halt_of_the_rule_that_an_act_is_for_stops_it(service: Service) -> None:
    """A step of a playbook that a rule runs, or the undo of what the rule did, is that rule's act."""
    halted = msgspec.structs.replace(command(service.scope, thing=service.scope), acts_for=("g/Heal",))
    await halts.write(service.bus, Halt(id="h", by="ann", scope="rule:Heal"))
    await send(service.bus, halted)
    assert [outcome.reason for outcome in await outcomes(service.bus, service.scope)] == [Reason.HALTED]


async def test_what_only_tells_is_not_halted(service: Service) -> None:
    """People are told even while everything else stands still."""
    telling = command(service.scope, "tell", thing=service.scope)
    await halts.write(service.bus, Halt(id="h", by="ann", scope=telling.target))
    await send(service.bus, telling)
    assert (await outcomes(service.bus, service.scope))[0].status == "succeeded"


async def test_a_lost_claim_ends_the_process(service: Service) -> None:
    """Whoever finds another executor in its place stops at once, without an effect and without an answer."""
    service.probe.may_act.clear()
    taken = command(service.scope, lease_ms=300)
    await send(service.bus, taken)
    await service.begun()
    key = f"claim.{taken.id}"
    found = await kv.get(service.bus, BUCKET, key)
    assert found is not None
    await kv.put(service.bus, BUCKET, key, found.value)
    assert any(isinstance(error, Conflict) for error in await error_of(service.role))
    assert service.probe.acted == []
    assert await stored(service.bus, subjects.JOURNAL, subjects.outcomes(NAME, service.scope)) == []


async def test_a_second_service_on_the_same_state_does_not_start(
    service: Service, nats_server: ServerUnderTest, tmp_path: Path
) -> None:
    """It would take the claims of the first for its own past."""
    async with actuator(nats_server, tmp_path, service.scope, Probe()) as second:
        (error,) = await error_of(second)
    assert isinstance(error, AlreadyRunningError)
    assert str(tmp_path) in str(error)
    assert (await service.outcome_of()).status == "succeeded"


async def test_an_answer_never_collides_with_a_renewal_of_the_same_claim(bus: Bus) -> None:
    """Renewed every millisecond, and answered at any moment of that, a claim is never lost to oneself."""
    claims = Claims(bus, "me", 1, now_ms)
    for trip in range(40):
        claimed = command(f"s-{new_id()}", lease_ms=3)
        taken = await claims.take(claimed, SENT)
        assert isinstance(taken, Taken)
        held = Held(claims, claimed, SENT, taken.revision, now_ms)
        outcome = Outcome(
            command=claimed.id,
            actuator=NAME,
            scope=claimed.scope,
            verb=claimed.verb,
            target=claimed.target,
            status="succeeded",
            executor="me",
            started_ms=0,
            finished_ms=0,
        )
        async with held.renewed():
            for _ in range(trip % 8):
                await kv.get(bus, BUCKET, claimed.id)
        await held.answer(outcome)
        assert await claims.take(claimed, SENT) == outcome


async def test_who_was_held_up_looks_at_the_claim_before_acting(bus: Bus) -> None:
    """A process that was stopped for longer than its lease finds its successor at the gate."""
    clock_ms = now_ms()
    claimed = command(f"s-{new_id()}", lease_ms=1000)
    mine, other = Claims(bus, "me", 1, lambda: clock_ms), Claims(bus, "other", 1, lambda: clock_ms)
    taken = await mine.take(claimed, SENT)
    assert isinstance(taken, Taken)
    held = Held(mine, claimed, SENT, taken.revision, lambda: clock_ms)
    clock_ms += 1001
    assert isinstance(await other.take(claimed, SENT), Taken)
    with pytest.raises(Conflict):
        await held.check()
