"""Actuator `exec`: a declared program runs as declared, within its limits, and its end is told."""

import asyncio
import os
import pwd

import psutil
import pytest
from pydantic import ValidationError

from actuators.exec.config import ExecConfig
from actuators.exec.runs import KEPT, Runs, run_of
from schemas.plugins import ConditionFailed, Effect, EffectFailed, EffectUnknown
from schemas.secrets import SecretUnavailable
from tests.actuators.exec.place import ANY, Place, run
from tests.actuators.site import command, open_gate


async def test_a_program_gets_what_is_declared_and_nothing_else(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its arguments and variables, an empty input, its folder, a process group of its own and its limits."""
    monkeypatch.setenv("INHERITED", "as it is")
    monkeypatch.setenv("NOT_INHERITED", "no")
    place.declare(
        "tidy",
        "say",
        "--size={size}",
        "{folder}",
        parameters={"size": {"type": "integer", "min": 1, "max": 9}, "folder": ANY | {"default": "a b"}},
        environment={"PLAIN": "text"},
        inherit=["INHERITED", "MISSING"],
        directory=str(place.folder),
        memory_bytes=1 << 30,
        cpu_s=5,
        file_bytes=1 << 20,
    )
    async with place.actuator() as actuator:
        effect = await actuator.execute(run(size="7"), open_gate)
    (received,) = place.received()
    assert received == {
        "argv": ["say", "--size=7", "a b"],
        "env": {"PLAIN": "text", "INHERITED": "as it is"},
        "cwd": str(place.folder),
        "uid": os.getuid(),
        "group": True,
        "stdin": "",
        "limits": [1 << 30, 5, 1 << 20],
    }
    assert effect.detail == "exit status 0: said --size=7 a b"
    assert (effect.before["runs"], effect.after["runs"], effect.after["exit"]) == (0, 1, 0)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
async def test_a_program_runs_as_its_user(place: Place) -> None:
    """With its rights, and in none of our groups."""
    nobody = pwd.getpwnam("nobody")
    place.config["tidy"] = {"argv": ["/usr/bin/env", "id"], "inherit": ["PATH"], "user": "nobody"}
    async with place.actuator() as actuator:
        said = (await actuator.execute(run(), open_gate)).detail
    assert f"uid={nobody.pw_uid}(" in said
    assert "(root)" not in said


@pytest.mark.parametrize(
    ("does", "more", "said"),
    [
        ("fail", {}, "exit status 3: no such cache"),
        ("die", {}, "ended by signal 15"),
        ("spin", {"cpu_s": 1}, "ended by signal 9"),
        ("eat", {"memory_bytes": 1 << 28}, "MemoryError"),
        ("hang", {"timeout_s": 0.5}, "not done within 0.5 s, so it was killed: hangs with"),
        ("say", {"directory": "/not/there"}, "could not be started: .*No such file"),
    ],
)
async def test_a_run_that_does_not_succeed_says_how_it_ended(
    place: Place, does: str, more: dict[str, object], said: str
) -> None:
    """And it does so again when it is asked again, without running again."""
    place.declare("tidy", does, **more)
    async with place.actuator() as actuator:
        with pytest.raises(EffectFailed, match=said) as first:
            await actuator.execute(run(), open_gate)
        assert await actuator.observe(run()) == "begun"
    async with place.actuator() as successor:
        with pytest.raises(EffectFailed) as second:
            await successor.execute(run(), open_gate)
    assert str(second.value) == str(first.value)
    assert len(place.received()) <= 1


async def test_an_exit_status_that_is_declared_is_a_success(place: Place) -> None:
    """Not every program says 0 when it has done what it should."""
    place.declare("tidy", "fail", success=[0, 3])
    async with place.actuator() as actuator:
        assert (await actuator.execute(run(), open_gate)).after["exit"] == 3


@pytest.mark.parametrize("does", ["hang", "leave"])
async def test_nothing_that_a_program_starts_outlives_it(place: Place, does: str) -> None:
    """Be it in a session of its own, and the program killed or gone."""
    place.declare("tidy", does, timeout_s=0.5)
    async with place.actuator() as actuator:
        try:
            said = (await actuator.execute(run(), open_gate)).detail
        except EffectFailed as failed:
            said = str(failed)
    assert not psutil.pid_exists(int(said.split()[-1]))


async def test_what_a_program_says_is_bounded(place: Place) -> None:
    """Its end is kept, as evidence where it is long; the program is not held up by what nobody keeps."""
    place.declare("tidy", "flood", output_bytes=5_000)
    async with place.actuator() as actuator:
        effect = await actuator.execute(run(), open_gate)
        assert await actuator.observe(run()) == effect
    assert effect.detail.endswith("xxx the end")
    assert len(effect.detail) < 400
    assert effect.evidence
    assert effect.evidence.size < 5_000
    assert place.shelf.bundles[effect.evidence.name].endswith(b"x\nthe end")


async def test_a_run_goes_on_while_its_actuator_is_away(place: Place) -> None:
    """The next one finds it begun, waits for its end, and nothing is run again."""
    place.declare("tidy", "wait")
    place.program.hold.touch()
    async with place.actuator() as actuator:
        waiting = asyncio.create_task(actuator.execute(run(), open_gate))
        while not place.received():
            await asyncio.sleep(0.002)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert await actuator.observe(run()) == "begun"
    async with place.actuator() as successor:
        assert await successor.observe(run()) == "begun"
        place.program.hold.unlink()
        effect = await successor.execute(run(), open_gate)
        assert await successor.observe(run()) == effect
    assert len(place.received()) == 1


async def test_of_a_run_whose_runner_was_killed_nobody_can_tell(place: Place) -> None:
    """The program dies with it, and is not run again."""
    place.declare("tidy", "wait")
    place.program.hold.touch()
    async with place.actuator() as actuator:
        waiting = asyncio.create_task(actuator.execute(run(), open_gate))
        while not place.received():
            await asyncio.sleep(0.002)
        found = Runs(place.folder / "state" / "exec").find(run_of("c1"))
        assert found
        runner = psutil.Process(found.process.pid)
        (program,) = runner.children()
        runner.kill()
        with pytest.raises(EffectUnknown, match="a part"):
            await waiting
        program.wait(5)
        assert await actuator.observe(run()) == "unmarked"
        with pytest.raises(EffectUnknown):
            await actuator.execute(run(), open_gate)
    assert len(place.received()) == 1


async def test_a_command_that_was_declared_anew_is_not_run(place: Place) -> None:
    """The decision was about another program, or before another run."""
    place.declare()
    async with place.actuator() as actuator:
        (target,) = await actuator.inventory()
        condition = {name: target.attributes[name] for name in ("definition", "runs")}
    place.declare("tidy", "say", "something", "else")
    async with place.actuator() as actuator:
        with pytest.raises(ConditionFailed):
            await actuator.execute(run(condition=condition), open_gate)
        await actuator.execute(run(by="c2"), open_gate)
        with pytest.raises(ConditionFailed):
            await actuator.execute(run(by="c3", condition={"runs": 0}), open_gate)
    assert len(place.received()) == 1


async def test_a_run_is_undone_by_the_command_that_is_declared_for_it(place: Place) -> None:
    """With its arguments, once, and only while it is the newest."""
    parameters = {"name": ANY}
    place.declare("block", "say", "block", "--name={name}", parameters=parameters, undo="allow")
    place.declare("allow", "say", "allow", "--name={name}", parameters=parameters)
    async with place.actuator() as actuator:
        first = (await actuator.execute(run("block", name="a"), open_gate)).undo
        second = (await actuator.execute(run("block", by="c2", name="b"), open_gate)).undo
        assert first
        assert second
        with pytest.raises(ConditionFailed):
            await actuator.execute(command(first.verb, first.target, first.condition, by="u1"), open_gate)
        undo = command(second.verb, second.target, second.condition, by="u2")
        effect = await actuator.execute(undo, open_gate)
        assert (effect.before["state"], effect.after["state"]) == ("done", "reverted")
        assert await actuator.execute(undo, open_gate) == effect
        with pytest.raises(ConditionFailed):
            await actuator.execute(command(second.verb, second.target, second.condition, by="u3"), open_gate)
    assert [each["argv"][1:] for each in place.received()] == [
        ["block", "--name=a"],
        ["block", "--name=b"],
        ["allow", "--name=b"],
    ]


async def test_old_runs_are_forgotten(place: Place) -> None:
    """Those that nobody asks for any more; their number goes on."""
    place.config["tidy"] = {"argv": ["/bin/true"]}
    async with place.actuator() as actuator:
        for number in range(KEPT + 2):
            await actuator.execute(run(by=f"c{number}"), open_gate)
        (target,) = await actuator.inventory()
        assert target.attributes["runs"] == KEPT + 2
        assert await actuator.observe(run(by="c0")) == "absent"
        assert isinstance(await actuator.observe(run(by="c2")), Effect)
    async with place.actuator() as successor:
        (target,) = await successor.inventory()
        assert target.attributes["runs"] == KEPT + 2
    assert len(list((place.folder / "state" / "exec").iterdir())) == KEPT


async def test_a_secret_gets_to_the_program_and_nowhere_else(place: Place) -> None:
    """It is in its environment; in what it says, and in what is kept of the run, it is not."""
    token = place.folder / "token"
    token.write_text("a-secret-of-the-cache\n")
    token.chmod(0o600)
    place.declare("tidy", "say", environment={"TOKEN": f"file:{token}"})
    async with place.actuator() as actuator:
        await actuator.execute(run(), open_gate)
        token.chmod(0o644)
        with pytest.raises(EffectFailed, match="everybody may use it"):
            await actuator.execute(run(by="c2"), open_gate)
    assert place.received()[0]["env"] == {"TOKEN": "a-secret-of-the-cache"}
    kept = [path.read_bytes() for path in (place.folder / "state").rglob("*") if path.is_file()]
    assert kept
    assert not any(b"a-secret" in content for content in kept)
    with pytest.raises(SecretUnavailable):
        async with place.actuator():
            pass


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"argv": ["program"]}, "the absolute path of a program"),
        ({"argv": ["{x}"], "parameters": {"x": ANY}}, "the absolute path of a program"),
        ({"argv": ["/bin/sh", "-c", "echo {x}"], "parameters": {"x": ANY}}, "a line for a shell"),
        ({"argv": ["/bin/ls", "{x}"]}, "no parameter x"),
        ({"argv": ["/bin/ls"], "parameters": {"x": ANY}}, "argv does not use x"),
        ({"argv": ["/bin/ls", "{x!r}"], "parameters": {"x": ANY}}, "name of a parameter in braces"),
        ({"argv": ["/bin/ls", "{x"], "parameters": {"x": ANY}}, "expected '}'"),
        ({"argv": ["/bin/ls", "{x}"], "parameters": {"x": ANY | {"leading_dash": True}}}, "may become any option"),
        ({"argv": ["/bin/ls", "--{x}"], "parameters": {"x": ANY}}, "may become any option"),
        ({"argv": ["/bin/ls", "{x}"], "parameters": {"x": {"type": "integer", "min": -1, "max": 1}}}, "leading_dash"),
        ({"argv": ["/bin/ls", "{x}"], "parameters": {"x": {"type": "text", "pattern": "("}}}, "regular expression"),
        ({"argv": ["/bin/ls", "{x}"], "parameters": {"x": ANY | {"default": "-x"}}}, "begins with -"),
        ({"argv": ["/bin/ls", "{x}"], "parameters": {"x": {"type": "path", "roots": ["var"]}}}, "an absolute path"),
        ({"argv": ["/bin/ls", "{scope}"], "parameters": {"scope": ANY}}, "a name that is none of"),
        ({"argv": ["/bin/ls"], "undo": "other"}, "expected another command"),
        ({"argv": ["/bin/ls"], "environment": {"A": "env:B-C"}}, "a reference such as"),
        ({"argv": ["/bin/ls"], "directory": "var"}, "an absolute path"),
    ],
)
def test_a_mistake_of_the_configuration_is_found_at_the_start(more: dict[str, object], said: str) -> None:
    """With what was expected."""
    with pytest.raises(ValidationError, match=said):
        ExecConfig.model_validate({"commands": {"tidy": more}})
