"""How workloads live: adopted, left dead, told apart from others, stopped."""

import os
import signal

import psutil
import pytest

from actuators.process.actuator import ProcessActuator
from schemas.plugins import EffectFailed, EffectUnknown
from tests.actuators.site import Site, ask, attributes, command, open_gate, until


async def pid_of(actuator: ProcessActuator, target: str = "replica:w/0") -> int:
    return int((await attributes(actuator, target))["pid"])


async def test_workloads_survive_their_actuator_and_are_adopted(site: Site) -> None:
    """The next actuator finds the same processes, starts none, and can act on them."""
    async with site.actuator() as actuator:
        before = await actuator.inventory()
    async with site.actuator() as successor:
        assert await successor.inventory() == before
        assert site.starts() == {"declared-1": 2}
        await ask(successor, "restart", "replica:w/0", "generation")
        assert (await attributes(successor, "replica:w/1"))["generation"] == 1
    assert len(site.processes()) == 2


async def test_the_dead_stay_dead_until_commanded(site: Site) -> None:
    """Neither the actuator that sees it die nor the one after restarts it; a restart does."""
    async with site.actuator() as actuator:
        os.kill(await pid_of(actuator), signal.SIGKILL)

        async def is_dead() -> bool:
            return bool((await attributes(actuator, "replica:w/0"))["state"] == "dead")

        await until(actuator, is_dead)
    async with site.actuator() as successor:
        assert (await attributes(successor, "replica:w/0"))["state"] == "dead"
        assert site.starts() == {"declared-1": 2}
        assert [line.state for line in site.status().replicas] == ["running", "running"]
        effect = await ask(successor, "restart", "replica:w/0", "generation")
        assert (effect.before["state"], effect.after["state"]) == ("dead", "running")


async def test_a_dead_child_is_reaped(site: Site) -> None:
    """A zombie counts as dead and does not stay."""
    async with site.actuator() as actuator:
        pid = await pid_of(actuator)
        os.kill(pid, signal.SIGKILL)
        await until(actuator, lambda: not psutil.pid_exists(pid))


async def test_an_effect_is_found_even_if_what_it_started_has_died(site: Site) -> None:
    """The mark of a start does not die with the process."""
    async with site.actuator() as actuator:
        effect = await ask(actuator, "restart", "replica:w/0", "generation")
        os.kill(effect.after["pid"], signal.SIGKILL)
        assert await actuator.observe(command("restart", "replica:w/0", {"generation": 1})) == effect


async def test_a_replica_that_exits_at_once_fails_the_command_with_its_last_words(site: Site) -> None:
    """Whoever reads the outcome sees why, and the roll stops before what still lives."""
    async with site.actuator() as actuator:
        with pytest.raises(EffectFailed, match="replica w/0 exited: no configuration"):
            await ask(actuator, "deploy", "workload:w", "revision", version="broken")
        assert (await attributes(actuator, "replica:w/1"))["version"] == "v1"
        assert site.starts()["c1"] == 1
        back = await ask(actuator, "rollback", "workload:w", "revision", by="c2", to="v1")
        assert (back.before["version"], back.after["version"]) == ("broken", "v1")
        assert (await attributes(actuator, "replica:w/0"))["state"] == "running"


async def test_of_an_act_that_another_took_over_from_nobody_can_tell_how_far_it_came(site: Site) -> None:
    """It is neither absent nor done nor brought to its end, over what the later one has made."""
    async with site.actuator() as actuator:
        first = command("deploy", "workload:w", {"revision": 1}, version="broken")
        with pytest.raises(EffectFailed):
            await actuator.execute(first, open_gate)
        assert await actuator.observe(first) == "begun"
        await ask(actuator, "rollback", "workload:w", "revision", by="c2", to="v1")
        assert await actuator.observe(first) == "unmarked"
        with pytest.raises(EffectUnknown, match="another act took over"):
            await actuator.execute(first, open_gate)


async def test_a_program_that_does_not_exist_fails_the_command(site: Site) -> None:
    """The shell's complaint is the detail."""
    site.declare(versions={"v1": {"command": ["/bin/sleep", "600"]}, "v2": {"command": ["/no/such/program"]}})
    async with site.actuator() as actuator:
        with pytest.raises(EffectFailed, match="/no/such/program"):
            await ask(actuator, "deploy", "workload:w", "revision", version="v2")


async def test_an_undeclared_version_is_refused_before_anything_happens(site: Site) -> None:
    """And the declared ones are named."""
    async with site.actuator() as actuator:
        before = await actuator.inventory()
        with pytest.raises(EffectFailed, match="'v9' is not declared; declared are v1, v2"):
            await ask(actuator, "deploy", "workload:w", "revision", version="v9")
        assert await actuator.inventory() == before


async def test_what_does_not_hear_is_killed(site: Site) -> None:
    """A process that ignores SIGTERM has `stop_timeout_s` and no more."""
    site.declare(version="stubborn", replicas=1, stop_timeout_s=0.1)
    async with site.actuator() as actuator:
        old = await pid_of(actuator)
        await ask(actuator, "restart", "replica:w/0", "generation")
        assert not psutil.pid_exists(old)


async def test_a_replica_keeps_its_port_where_it_is_free(site: Site) -> None:
    """The label `instance` names it, and a `verify` selects by it."""
    async with site.actuator() as actuator:
        effect = await ask(actuator, "restart", "replica:w/0", "generation")
        assert effect.before["instance"] == effect.after["instance"]


async def test_what_the_operator_stopped_is_started_next_time(site: Site) -> None:
    """Ctrl-C ends every process, isolated ones too, and marks that it was meant."""
    async with site.actuator(stop=True) as actuator:
        await ask(actuator, "isolate", "replica:w/0", "generation")
    assert site.processes() == []
    assert {line.state for line in site.status().replicas} == {"stopped"}
    async with site.actuator() as successor:
        assert [found.id for found in await successor.inventory()] == [
            "workload:w",
            "replica:w/0",
            "replica:w/1",
            "node:n1",
        ]
        assert len(site.processes()) == 2
        assert {line.state for line in site.status().replicas} == {"running"}


async def test_a_workload_does_not_get_our_credentials(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of `REFLEXARC_*` a process has the marks of its start and nothing else."""
    monkeypatch.setenv("REFLEXARC_PASSWORD", "hush")
    async with site.actuator():
        ours = {name for name in site.processes()[0].environ() if name.startswith("REFLEXARC_")}
    assert ours == {f"REFLEXARC_{mark}" for mark in ("COMMAND", "GENERATION", "REPLICA", "VERSION", "WORKLOAD")}


async def test_two_actuators_never_share_a_state_directory(site: Site) -> None:
    """The second one gives up and says so; the first is not disturbed."""
    async with site.actuator():
        with pytest.raises(TimeoutError):
            await site.actuator(owner_wait_s=0.05).__aenter__()
