"""What holds for every verb of every actuator by itself: absolute, conditional, once, and marked where it happens."""

import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from schemas.commands import Command
from schemas.outcomes import Undo
from schemas.plugins import Actuator, ActuatorSpec, ConditionFailed, Effect
from tests.actuators.conformance.harness import Case, Harness, attributes, command_of, verb_of
from tests.actuators.conformance.harnesses import built, cases
from tests.actuators.conformance.interrupted import cancelled_at
from tests.actuators.site import command, open_gate

AWAITS = range(1, 65) if "REFLEXARC_SEED" in os.environ else (5,)
"""At which a command is cut off: one of them, and in a soak all."""


class Halted(Exception):
    """What a gate raises that is shut."""


class Died(Exception):
    """What a gate raises at which the actuator dies."""


@pytest_asyncio.fixture
async def harness(name: str, tmp_path: Path) -> AsyncIterator[Harness]:
    async with built(name, tmp_path) as entered:
        yield entered


def marked(spec: ActuatorSpec, case: Case) -> bool:
    return case.marked


def conditional(spec: ActuatorSpec, case: Case) -> bool:
    return bool(verb_of(spec, case).condition)


def undone(spec: ActuatorSpec, case: Case) -> bool:
    return case.undone


@cases()
async def test_a_command_has_its_effect_and_leaves_a_mark_of_it(harness: Harness, case: Case) -> None:
    """`before` is the target as it was, `after` as it is now; `observe` tells the same, or that it cannot be told."""
    async with harness.actuator() as actuator:
        await case.given(actuator)
        before = await attributes(actuator, case.target)
        asked = await command_of(actuator, harness.spec, case)
        assert harness.effects(case, asked.id) == 0
        assert await actuator.observe(asked) == ("absent" if case.marked else "unmarked")
        effect = await actuator.execute(asked, open_gate)
        assert harness.effects(case, asked.id) == 1
        if verb_of(harness.spec, case).changes_target:
            assert (effect.before, effect.after) == (before, await attributes(actuator, case.target))
        assert {name: effect.after.get(name) for name in case.changes} == case.changes
        assert _told(await actuator.observe(asked)) == (_told(effect) if case.marked else "unmarked")
    async with harness.actuator() as successor:
        assert _told(await successor.observe(asked)) == (_told(effect) if case.marked else "unmarked")


@cases(conditional)
async def test_a_command_whose_condition_does_not_hold_changes_nothing(harness: Harness, case: Case) -> None:
    """The target is not as the decision knew it: refused, with what was found, whichever part of it is otherwise."""
    async with harness.actuator() as actuator:
        await case.given(actuator)
        asked, before = await command_of(actuator, harness.spec, case), await actuator.inventory()
        for attribute in asked.condition:
            late = replace(asked, condition={**asked.condition, attribute: "something else"})
            with pytest.raises(ConditionFailed) as refused:
                await actuator.execute(late, open_gate)
            assert refused.value.actual == await attributes(actuator, case.target)
        assert (await actuator.inventory(), harness.effects(case, asked.id)) == (before, 0)


@cases()
async def test_a_target_that_is_not_there_is_refused(harness: Harness, case: Case) -> None:
    """None is invented, whatever it is called."""
    async with harness.actuator() as actuator:
        await case.given(actuator)
        asked, before = await command_of(actuator, harness.spec, case), await actuator.inventory()
        for name in ("nobody", "", "../x", "nobody/0", "w/7", "w/7/7", f"{case.target.partition(':')[2]}x"):
            unknown = replace(asked, target=f"{case.target.partition(':')[0]}:{name}")
            if unknown.target not in {found.id for found in before}:
                with pytest.raises(ConditionFailed):
                    await actuator.execute(unknown, open_gate)
        assert (await actuator.inventory(), harness.effects(case, asked.id)) == (before, 0)


@cases(marked)
async def test_the_same_command_twice_is_one_effect(harness: Harness, case: Case) -> None:
    """Carried out again it is answered as it was, by the next actuator too, although its condition is past."""
    async with harness.actuator() as actuator:
        await case.given(actuator)
        asked = await command_of(actuator, harness.spec, case)
        first = _told(await actuator.execute(asked, open_gate))
        assert _told(await actuator.execute(asked, open_gate)) == first
    async with harness.actuator() as successor:
        assert _told(await successor.execute(asked, open_gate)) == first
    assert harness.effects(case, asked.id) == 1


@cases()
async def test_nothing_irreversible_happens_before_the_gate(harness: Harness, case: Case) -> None:
    """A halt between decision and effect leaves the world as it is; once it ends, the command goes on."""
    gates: list[int] = []

    async def shut_gate() -> None:
        raise Halted

    async def counting_gate() -> None:
        gates.append(harness.effects(case, asked.id))

    async with harness.actuator() as actuator:
        await case.given(actuator)
        asked = await command_of(actuator, harness.spec, case)
        with pytest.raises(Halted):
            await actuator.execute(asked, shut_gate)
        assert harness.effects(case, asked.id) == 0
        await actuator.execute(asked, counting_gate)
        assert harness.effects(case, asked.id) == 1
        assert gates[0] == 0


@pytest.mark.parametrize("at", AWAITS)
@cases()
async def test_a_command_that_is_cut_off_is_in_a_state_that_has_a_name(harness: Harness, case: Case, at: int) -> None:
    """At whichever await: the next actuator finds it done, or brings it to its end, or says that nobody can tell."""
    async with harness.actuator() as actuator:
        await case.given(actuator)
        asked = await command_of(actuator, harness.spec, case)
        done = await cancelled_at(at, actuator.execute(asked, open_gate))
    async with harness.actuator() as successor:
        match await successor.observe(asked):
            case Effect():
                assert case.marked
            case "absent" | "begun":
                assert done is None
                await successor.execute(asked, open_gate)
            case "unmarked":
                assert verb_of(harness.spec, case).unmarked
                assert harness.effects(case, asked.id) in (0, 1)
                return
        assert harness.effects(case, asked.id) == 1


@pytest.mark.parametrize("deadly", [1, 2])
@cases()
async def test_what_is_found_absent_was_not_begun(harness: Harness, case: Case, deadly: int) -> None:
    """Dead before its first effect or between two: of what may then be answered `expired`, or be decided anew, nothing
    was done; what was half done is brought to its end, however late."""
    gates = 0

    async def dying_gate() -> None:
        nonlocal gates
        gates += 1
        if gates == deadly:
            raise Died

    async with harness.actuator() as actuator:
        await case.given(actuator)
        before = await attributes(actuator, case.target)
        asked = await command_of(actuator, harness.spec, case)
        with suppress(Died):
            await actuator.execute(asked, dying_gate)
    async with harness.actuator() as successor:
        found = await successor.observe(asked)
        if found == "absent":
            assert (await attributes(successor, case.target), harness.effects(case, asked.id)) == (before, 0)
        elif found == "begun":
            await successor.execute(asked, open_gate)
        assert harness.effects(case, asked.id) == (
            0 if found == "absent" or (found == "unmarked" and deadly == 1) else 1
        )


@cases(undone)
async def test_an_effect_is_undone_only_as_long_as_it_stands(harness: Harness, case: Case) -> None:
    """By what it says, on the target that it says, once; and not when any of what it says has changed since."""
    async with harness.actuator() as actuator:
        await case.given(actuator)
        before = await attributes(actuator, case.target)
        undo = await _undo_of(harness, actuator, case)
        verb = verb_of(harness.spec, case)
        assert undo.verb == verb.undo
        assert undo.args == {name: before[attribute] for name, attribute in verb.undo_args.items()}
        standing = await attributes(actuator, undo.target)
        assert undo.condition
        assert undo.condition.items() <= standing.items()
        for attribute in undo.condition:
            changed = replace(undo, condition={**undo.condition, attribute: "something else"})
            with pytest.raises(ConditionFailed):
                await actuator.execute(_command(harness, changed, "u1"), open_gate)
        asked = _command(harness, undo, "u2")
        first = _told(await actuator.execute(asked, open_gate))
        assert _told(await actuator.execute(asked, open_gate)) == first
        with pytest.raises(ConditionFailed):
            await actuator.execute(replace(asked, id="u3"), open_gate)
        undone = await attributes(actuator, case.target)
        assert {name: undone.get(name) for name in case.restored} == {name: before.get(name) for name in case.restored}


@cases(undone)
async def test_what_somebody_else_did_since_is_not_undone(harness: Harness, case: Case) -> None:
    """Not even where they undid the effect themselves and had it again, so that all looks as the undo expects it."""
    async with harness.actuator() as actuator:
        await case.given(actuator)
        undo = await _undo_of(harness, actuator, case)
        await actuator.execute(_command(harness, undo, "u1"), open_gate)
        await _undo_of(harness, actuator, case, by="c2")
        standing = await actuator.inventory()
        with pytest.raises(ConditionFailed):
            await actuator.execute(_command(harness, undo, "u2"), open_gate)
        assert await actuator.inventory() == standing


async def _undo_of(harness: Harness, actuator: Actuator, case: Case, *, by: str = "c1") -> Undo:
    """Have the effect; what it says would undo it."""
    undo = (await actuator.execute(await command_of(actuator, harness.spec, case, by=by), open_gate)).undo
    assert undo
    return undo


def _command(harness: Harness, undo: Undo, by: str) -> Command:
    return replace(command(undo.verb, undo.target, undo.condition, by=by, **undo.args), actuator=harness.spec.name)


def _told(found: Effect | str) -> Any:
    """What of an observation must be the same again; how it was found out is its own."""
    return found if isinstance(found, str) else (dict(found.before), dict(found.after), found.undo, found.evidence)
