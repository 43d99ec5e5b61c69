"""What holds for every verb of the actuator `process`: conditional, once, and marked where it happens."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import psutil
import pytest
from msgspec.structs import replace

from actuators.process.actuator import ProcessActuator
from actuators.process.verbs import VERBS
from schemas.commands import Command
from schemas.plugins import ConditionFailed
from tests.actuators.site import Site, ask, attributes, command, open_gate


async def as_started(actuator: ProcessActuator) -> None:
    """Two replicas in v1."""


async def deployed(actuator: ProcessActuator) -> None:
    await ask(actuator, "deploy", "workload:w", "revision", by="before", version="v2")


async def isolated(actuator: ProcessActuator) -> None:
    await ask(actuator, "isolate", "replica:w/0", "generation", by="before")


async def frozen(actuator: ProcessActuator) -> None:
    await ask(actuator, "isolate", "workload:w", "generation", by="before")


def paused(site: Site) -> dict[int, bool]:
    """By pid, whether the process stands still."""
    return {process.pid: process.status() == psutil.STATUS_STOPPED for process in site.processes()}


@dataclass(frozen=True)
class Case:
    """A command that is due in the state that `given` makes, and what it changes of its target."""

    command: Command
    changed: dict[str, Any]
    starts: int
    given: Callable[[ProcessActuator], Awaitable[None]] = as_started


CASES = {
    "restart replica": Case(command("restart", "replica:w/0", {"generation": 1}), {"generation": 2}, 1),
    "restart workload": Case(command("restart", "workload:w", {"generation": 1}), {"generation": 2}, 2),
    "scale up": Case(command("scale", "workload:w", {"generation": 1}, replicas=3), {"replicas": 3}, 1),
    "scale down": Case(command("scale", "workload:w", {"generation": 1}, replicas=1), {"replicas": 1}, 0),
    "deploy": Case(
        command("deploy", "workload:w", {"revision": 1}, version="v2"), {"version": "v2", "previous_version": "v1"}, 2
    ),
    "rollback": Case(
        command("rollback", "workload:w", {"revision": 2}, to="v1"),
        {"version": "v1", "previous_version": None},
        2,
        deployed,
    ),
    "isolate": Case(command("isolate", "replica:w/0", {"generation": 1}), {"generation": 2}, 1),
    "isolate workload": Case(
        command("isolate", "workload:w", {"generation": 1}), {"generation": 2, "isolated": True}, 0
    ),
    "release workload": Case(command("release", "isolation:w", {"generation": 2}), {}, 0, frozen),
    "release": Case(command("release", "isolated:w/0/1", {"state": "paused", "replacement": 2}), {}, 0, isolated),
}
every_verb = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def test_no_verb_goes_untested() -> None:
    """Each declared verb that changes something has a case in here."""
    assert {verb.name for verb in VERBS if verb.changes_target} == {case.command.verb for case in CASES.values()}


@every_verb
async def test_a_command_has_its_effect_and_leaves_a_mark_of_it(site: Site, case: Case) -> None:
    """`before` is the target as it was, `after` as it is now, and `observe` tells the same: absent, then found."""
    target = case.command.target
    async with site.actuator() as actuator:
        await case.given(actuator)
        before = await attributes(actuator, target)
        assert await actuator.observe(case.command) == "absent"
        effect = await actuator.execute(case.command, open_gate)
        assert effect.before == before
        assert effect.after == await attributes(actuator, target)
        assert {name: effect.after.get(name) for name in case.changed} == case.changed
        assert await actuator.observe(case.command) == effect
    async with site.actuator() as successor:
        assert await successor.observe(case.command) == effect
    assert site.starts()["c1"] == case.starts


@every_verb
async def test_a_command_whose_condition_does_not_hold_changes_nothing(site: Site, case: Case) -> None:
    """The target is not as the decision knew it: refused, with what was found."""
    async with site.actuator() as actuator:
        await case.given(actuator)
        before, starts = await actuator.inventory(), site.starts()
        late = command(case.command.verb, case.command.target, dict.fromkeys(case.command.condition, 99))
        with pytest.raises(ConditionFailed) as refused:
            await actuator.execute(_with_args(late, case.command), open_gate)
        assert refused.value.actual == await attributes(actuator, case.command.target)
        assert (await actuator.inventory(), site.starts()) == (before, starts)


@every_verb
async def test_the_same_command_twice_is_one_effect(site: Site, case: Case) -> None:
    """A redelivery is answered as the first delivery was, by the next actuator too."""
    async with site.actuator() as actuator:
        await case.given(actuator)
        first = await actuator.execute(case.command, open_gate)
        assert await actuator.execute(case.command, open_gate) == first
    async with site.actuator() as successor:
        assert await successor.execute(case.command, open_gate) == first
    assert site.starts()["c1"] == case.starts


@every_verb
async def test_nothing_irreversible_happens_behind_a_closed_gate(site: Site, case: Case) -> None:
    """A halt between decision and effect leaves every process as it is; once it ends, the command goes on."""

    class Halted(Exception):
        pass

    async def closed_gate() -> None:
        raise Halted

    async with site.actuator() as actuator:
        await case.given(actuator)
        before = paused(site)
        with pytest.raises(Halted):
            await actuator.execute(case.command, closed_gate)
        assert paused(site) == before
        await actuator.execute(case.command, open_gate)
        assert site.starts()["c1"] == case.starts


@every_verb
async def test_a_target_that_is_not_there_is_refused(site: Site, case: Case) -> None:
    """Neither an unknown workload nor an unknown replica is invented."""
    async with site.actuator() as actuator:
        for target in ("workload:other", "replica:w/7", "isolated:w/7/7"):
            unknown = command(case.command.verb, target, case.command.condition, by="c2")
            with pytest.raises(ConditionFailed):
                await actuator.execute(_with_args(unknown, case.command), open_gate)
        assert site.starts() == {"declared-1": 2}


def _with_args(like: Command, args_of: Command) -> Command:
    return replace(like, args=args_of.args)
