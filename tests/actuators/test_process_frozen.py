"""A workload isolated as a whole: frozen where it stands, acted on by nothing but its release."""

import os
import signal

import psutil
import pytest

from actuators.process.actuator import ProcessActuator
from schemas.outcomes import Undo
from schemas.plugins import ConditionFailed
from tests.actuators.site import Site, ask, attributes, command, open_gate, until

STOPPED = psutil.STATUS_STOPPED


def states(site: Site) -> set[str]:
    """What the processes of the site are doing."""
    return {process.status() for process in site.processes()}


async def freeze(actuator: ProcessActuator, by: str = "c1") -> Undo:
    """Isolate the workload; what would undo it."""
    effect = await ask(actuator, "isolate", "workload:w", "generation", by=by)
    assert effect.undo
    return effect.undo


async def undo(actuator: ProcessActuator, what: Undo, by: str = "c2") -> None:
    await actuator.execute(command(what.verb, what.target, what.condition, by=by), open_gate)


async def test_an_isolated_workload_stands_still_and_out_of_rotation(site: Site) -> None:
    """All its processes are paused, nothing is started, and inventory and status say so."""
    async with site.actuator() as actuator:
        effect = await ask(actuator, "isolate", "workload:w", "generation")
        assert states(site) == {STOPPED}
        assert (effect.before["isolated"], effect.after["isolated"]) == (False, True)
        assert effect.after["generation"] == effect.before["generation"] + 1
        assert (await attributes(actuator, "replica:w/0"))["state"] == "paused"
        assert {line.state for line in site.status().replicas} == {"isolated"}
        assert sum(site.starts().values()) == 2


async def test_a_release_lets_the_same_processes_go_on(site: Site) -> None:
    """What the isolation said would undo it does: nothing was lost, and nothing is isolated any more."""
    async with site.actuator() as actuator:
        pids = {process.pid for process in site.processes()}
        await undo(actuator, await freeze(actuator))
        assert {process.pid for process in site.processes()} == pids
        assert STOPPED not in states(site)
        assert {line.state for line in site.status().replicas} == {"running"}
        assert await attributes(actuator, "isolation:w") == {}


@pytest.mark.parametrize(
    ("verb", "target", "named", "args"),
    [
        ("restart", "replica:w/0", "generation", {}),
        ("restart", "workload:w", "generation", {}),
        ("scale", "workload:w", "generation", {"replicas": 1}),
        ("deploy", "workload:w", "revision", {"version": "v2"}),
        ("isolate", "replica:w/1", "generation", {}),
        ("isolate", "workload:w", "generation", {}),
    ],
)
async def test_nothing_else_acts_on_what_is_isolated(
    site: Site, verb: str, target: str, named: str, args: dict[str, object]
) -> None:
    """Whatever was decided before anybody knew: its condition holds, and still nothing is done."""
    async with site.actuator() as actuator:
        await freeze(actuator)
        with pytest.raises(ConditionFailed, match="isolated"):
            await ask(actuator, verb, target, named, by="c2", **args)
        assert states(site) == {STOPPED}
        assert sum(site.starts().values()) == 2


async def test_only_the_same_isolation_is_undone(site: Site) -> None:
    """The undo of an earlier one, which somebody else has released, is a conflict."""
    async with site.actuator() as actuator:
        first = await freeze(actuator)
        await undo(actuator, first)
        await freeze(actuator, by="c3")
        with pytest.raises(ConditionFailed):
            await undo(actuator, first, by="c4")
        assert states(site) == {STOPPED}


async def test_an_isolation_outlives_its_actuator_and_the_file(site: Site) -> None:
    """A new version is not deployed over it; the release brings it."""
    async with site.actuator() as actuator:
        what = await freeze(actuator)
    site.declare(version="v2")
    async with site.actuator() as successor:
        assert states(site) == {STOPPED}
        assert (await attributes(successor, "workload:w"))["version"] == "v1"
        await undo(successor, what)

        async def is_deployed() -> bool:
            return {line.version for line in site.status().replicas if line.state == "running"} == {"v2"}

        await until(successor, is_deployed)


async def test_what_is_stopped_on_purpose_stays_isolated(site: Site) -> None:
    """Its processes are ended without being let go on, and the next actuator starts nothing until it is released."""
    async with site.actuator(stop=True) as actuator:
        what = await freeze(actuator)
    assert site.processes() == []
    async with site.actuator(stop=True) as successor:
        assert (await attributes(successor, "isolation:w"))["state"] == "dead"
        assert site.processes() == []
        await undo(successor, what)

        async def is_up() -> bool:
            return len(site.processes()) == 2

        await until(successor, is_up)


async def test_the_dead_are_isolated_with_the_living(site: Site) -> None:
    """A replica that has died is not started while the rest stands still."""
    async with site.actuator() as actuator:
        os.kill((await attributes(actuator, "replica:w/0"))["pid"], signal.SIGKILL)

        async def is_dead() -> bool:
            return bool((await attributes(actuator, "replica:w/0"))["state"] == "dead")

        await until(actuator, is_dead)
        await freeze(actuator)
        assert (await attributes(actuator, "isolation:w"))["state"] == "paused"
        assert states(site) == {STOPPED}


class Refused(Exception):
    """What the gate of a host that is halted raises."""


async def shut_gate() -> None:
    raise Refused


async def test_a_gate_that_is_shut_leaves_nothing_isolated(site: Site) -> None:
    """Halted at the last moment, the workload runs on, and later acts find it as it was."""
    async with site.actuator() as actuator:
        before = await attributes(actuator, "workload:w")
        asked = command("isolate", "workload:w", {"generation": before["generation"]})
        with pytest.raises(Refused):
            await actuator.execute(asked, shut_gate)
        assert STOPPED not in states(site)
        assert await actuator.observe(asked) == "begun"
        assert (await attributes(actuator, "workload:w"))["isolated"] is False
        await ask(actuator, "restart", "replica:w/0", "generation", by="c2")


async def test_an_isolated_replica_says_what_undoes_it(site: Site) -> None:
    """Its own release, as long as its replacement is the one that took its place."""
    async with site.actuator() as actuator:
        effect = await ask(actuator, "isolate", "replica:w/0", "generation")
        condition = {"state": "paused", "replacement": 2}
        assert effect.undo == Undo(verb="release", target="isolated:w/0/1", condition=condition)
