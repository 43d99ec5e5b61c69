"""`workloads.yaml`: what is wrong with it is named, and what changes in it is deployed."""

import json
from pathlib import Path

import pytest

from actuators.process.actuator import ProcessActuator
from actuators.process.declaration import WorkloadsInvalid, command_line, parse
from actuators.process.record import Launch, Slot
from schemas.workloads import Version
from tests.actuators.site import WORKLOAD, Site, ask, attributes, until

FILE = """\
workloads:
  shop:
    version: v1
    replicas: 2
    versions:
      v1:
        command: [shop]
"""


@pytest.mark.parametrize(
    ("wrong", "right", "error"),
    [
        ("replicas: two", "replicas: 2", "w.yaml:4: workloads.shop.replicas: Input should be a valid integer"),
        (
            "replicas: -1",
            "replicas: 2",
            "w.yaml:4: workloads.shop.replicas: Input should be greater than or equal to 0",
        ),
        ("replica: 2", "replicas: 2", "w.yaml:4: workloads.shop.replica: Extra inputs are not permitted"),
        ("version: v3", "version: v1", "w.yaml:3: workloads.shop.version: expected one of v1, got 'v3'"),
        ("command: []", "command: [shop]", "w.yaml:7: workloads.shop.versions.v1.command: List should have at least 1"),
        (
            "command: [1]",
            "command: [shop]",
            "w.yaml:7: workloads.shop.versions.v1.command.0: Input should be a valid st",
        ),
        ("  my shop:", "  shop:", "w.yaml:2: workloads.my shop"),
        ("command: [shop", "command: [shop]", "w.yaml:8: expected ',' or ']'"),
        ("", FILE, "w.yaml:1: workloads: Input should be a valid dictionary"),
    ],
)
def test_every_mistake_is_named_with_its_line(wrong: str, right: str, error: str) -> None:
    """The author reads where it is and what was expected."""
    with pytest.raises(WorkloadsInvalid) as refused:
        parse(FILE.replace(right, wrong), "w.yaml")
    assert refused.value.errors[0].startswith(error)


def test_all_mistakes_are_reported_at_once() -> None:
    """Nobody edits a file error by error."""
    with pytest.raises(WorkloadsInvalid) as refused:
        parse(FILE.replace("replicas: 2", "replicas: two").replace("version: v1", "version: {}"), "w.yaml")
    assert [error.split(" ")[0] for error in refused.value.errors] == ["w.yaml:3:", "w.yaml:4:"]


def test_placeholders_stand_for_their_values_and_other_braces_stay() -> None:
    """There is no shell and no template language."""
    version = Version(
        command=["{python}", "{dir}/x", "--port={port}"], env={"A": "{replica}@{version}", "B": '{"a": 1}'}
    )
    argv, env = command_line(
        version,
        Launch(generation=3, version="v1", port=80),
        "w",
        Slot(replica=2, command="c"),
        Path("/d"),
        {"REFLEXARC_X": "s"},
    )
    assert argv[1:] == ["/d/x", "--port=80"]
    assert (env["A"], env["B"], env["PORT"]) == ("2@v1", '{"a": 1}', "80")
    assert (env["REFLEXARC_COMMAND"], env["REFLEXARC_GENERATION"], "REFLEXARC_X" in env) == ("c", "3", False)


async def become(actuator: ProcessActuator, **expected: object) -> None:
    """Wait until these are among the workload's attributes."""

    async def has_become() -> bool:
        now = await attributes(actuator, "workload:w")
        return {name: now.get(name) for name in expected} == expected

    await until(actuator, has_become)


async def test_a_changed_file_is_a_deployment(site: Site) -> None:
    """A new version is rolled out and a new number of replicas is had, as one deployment, while we run."""
    async with site.actuator() as actuator:
        site.declare(version="v2", replicas=3)
        await become(actuator, version="v2", replicas=3, revision=2, generation=2, previous_version="v1")
        await until(actuator, lambda: site.starts() == {"declared-1": 2, "declared-2": 3})


async def test_a_file_changed_while_nobody_looked_is_a_deployment_too(site: Site) -> None:
    """What counts is what was applied last."""
    async with site.actuator():
        pass
    site.declare(version="v2")
    async with site.actuator() as successor:
        await become(successor, version="v2", revision=2)


async def test_a_rollback_is_not_undone_by_an_unchanged_file(site: Site) -> None:
    """The file speaks when it is changed, not whenever it is read."""
    site.declare(version="v1")
    async with site.actuator() as actuator:
        site.declare(version="v2")
        await become(actuator, version="v2", revision=2)
        await until(actuator, lambda: site.starts()["declared-2"] == 2)
        await ask(actuator, "rollback", "workload:w", "revision", to="v1")
    site.declare(version="v2", stop_timeout_s=1)
    async with site.actuator() as successor:
        assert (await attributes(successor, "workload:w"))["version"] == "v1"
        assert site.starts() == {"declared-1": 2, "declared-2": 2, "c1": 2}


async def test_a_bad_edit_changes_nothing(site: Site) -> None:
    """Neither the actuator that sees it nor one that starts on it lets go of what runs."""
    async with site.actuator() as actuator:
        before = await actuator.inventory()
        site.file.write_text("workloads: {w: {replicas: many}}")
    async with site.actuator() as successor:
        assert await successor.inventory() == before
        await ask(successor, "restart", "replica:w/0", "generation")
        site.declare(replicas=1)
        await become(successor, replicas=1)


async def test_a_first_start_needs_a_valid_file(site: Site) -> None:
    """There is nothing to fall back to."""
    site.file.write_text("workloads: {w: {replicas: many}}")
    with pytest.raises(WorkloadsInvalid):
        await site.actuator().__aenter__()


async def test_a_workload_that_leaves_the_file_is_stopped(site: Site) -> None:
    """And comes back with it."""
    async with site.actuator() as actuator:
        site.file.write_text(json.dumps({"workloads": {"other": WORKLOAD | {"replicas": 0}}}))

        async def is_gone() -> bool:
            return await attributes(actuator, "workload:w") == {}

        await until(actuator, is_gone)
        assert site.processes() == []
        site.declare()
        await become(actuator, generation=2)
        await until(actuator, lambda: len(site.processes()) == 2)
