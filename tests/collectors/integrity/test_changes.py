"""The integrity collector: changes of real files as events."""

import os

import pytest

from tests.collectors.integrity.machine import Machine, sha256


async def test_the_first_start_is_one_event(machine: Machine) -> None:
    """Whatever is there is the baseline; after a restart nothing is new."""
    (machine.files / "a").write_text("a")
    event = await machine.baseline()
    assert (event.type, event.product, event.service) == ("file.baseline", "linux", "integrity")
    assert (event.data["event.action"], event.data["integrity.files"]) == ("baseline_created", 2)
    async with machine.collecting() as readings:
        await machine.settle(readings)
    assert machine.stored == [event]


async def test_a_new_file_is_told_of_with_all_that_it_is(machine: Machine) -> None:
    """Its log source is that of Sigma's rules about files."""
    await machine.baseline()
    path = machine.files / "new"
    path.write_text("new")
    path.chmod(0o4755)
    async with machine.collecting() as readings:
        (event,) = await machine.store(readings)
    assert (event.type, event.product, event.category) == ("file.created", "linux", "file_event")
    expected = {
        "message": f"{path}: created",
        "event.action": "created",
        "file.path": str(path),
        "file.type": "file",
        "file.mode": "4755",
        "file.owner": path.owner(),
        "file.group": path.group(),
        "file.size": 3,
        "file.hash.sha256": sha256("new"),
    }
    assert {key: value for key, value in event.data.items() if key != "file.mtime"} == expected


async def test_a_modified_file_is_told_of_with_what_it_was(machine: Machine) -> None:
    """Only what differs has a value before, also where the size is what it was."""
    path = machine.files / "a"
    path.write_text("one")
    await machine.baseline()
    path.write_text("two")
    async with machine.collecting() as readings:
        (event,) = await machine.store(readings)
    assert (event.type, event.category, event.data["file.changed"]) == ("file.modified", "file_event", ["content"])
    assert event.data["file.hash.sha256"] == sha256("two")
    assert event.data["file.previous.hash.sha256"] == sha256("one")
    assert "file.previous.size" not in event.data


async def test_attributes_are_told_of_by_name(machine: Machine) -> None:
    """Mode, owner, group and where a link leads, of folders too."""
    (machine.files / "a").write_text("a")
    (machine.files / "link").symlink_to("a")
    (machine.files / "folder").mkdir(mode=0o755)
    await machine.baseline()
    (machine.files / "a").chmod(0o600)
    (machine.files / "folder").chmod(0o777)
    (machine.files / "link").unlink()
    (machine.files / "link").symlink_to("b")
    async with machine.collecting() as readings:
        events = {machine.said(event)[1]: event for event in await machine.store(readings, 3)}
    assert {(event.type, event.category) for event in events.values()} == {("file.attributes", "file_change")}
    data = events["folder"].data
    assert (data["file.changed"], data["file.previous.mode"], data["file.mode"]) == (["mode"], "0755", "0777")
    data = events["link"].data
    assert (data["file.changed"], data["file.previous.target_path"], data["file.target_path"]) == (["target"], "a", "b")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_another_owner_is_told_of(machine: Machine) -> None:
    """By name, or by number where it has none."""
    path = machine.files / "a"
    path.write_text("a")
    await machine.baseline()
    os.chown(path, 54321, 54322)
    async with machine.collecting() as readings:
        (event,) = await machine.store(readings)
    said = {key: event.data[key] for key in ("file.owner", "file.group", "file.previous.owner", "file.changed")}
    assert said == {
        "file.owner": "54321",
        "file.group": "54322",
        "file.previous.owner": "root",
        "file.changed": ["owner", "group"],
    }


async def test_what_is_deleted_or_becomes_something_else(machine: Machine) -> None:
    """A deletion has what the file was; a folder goes with all that lay in it."""
    (machine.files / "folder").mkdir()
    for name in ("a", "b", "folder/c"):
        (machine.files / name).write_text(name)
    await machine.baseline()
    (machine.files / "a").unlink()
    (machine.files / "b").unlink()
    (machine.files / "b").mkdir()
    (machine.files / "folder/c").unlink()
    (machine.files / "folder").rmdir()
    told = await machine.changes(4)
    assert told == [("modified", "b"), ("deleted", "a"), ("deleted", "folder"), ("deleted", "folder/c")]
    modified, deleted, *_ = machine.stored[1:]
    assert (modified.data["file.changed"], modified.data["file.previous.type"]) == (["type", "mode"], "file")
    assert (deleted.type, deleted.category) == ("file.deleted", "file_delete")
    assert deleted.data["file.previous.hash.sha256"] == sha256("a")


async def test_a_time_alone_is_no_change(machine: Machine) -> None:
    """A file that is written as it was, or replaced by its like, is the same file."""
    path = machine.files / "a"
    path.write_text("a")
    await machine.baseline()
    os.utime(path, (1, 1))
    (machine.files.parent / "like").write_text("a")
    (machine.files.parent / "like").replace(path)
    async with machine.collecting() as readings:
        await machine.settle(readings)


async def test_changes_are_told_while_it_runs(machine: Machine) -> None:
    """Each by the next look after it was made, and not again."""
    await machine.baseline()
    async with machine.collecting() as readings:
        for content, action in (("1", "created"), ("2", "modified"), ("3", "modified")):
            machine.write("a", content)
            (event,) = await machine.store(readings)
            assert (machine.said(event), event.data["file.hash.sha256"]) == ((action, "a"), sha256(content))
        (machine.files / "a").unlink()
        (event,) = await machine.store(readings)
        assert machine.said(event) == ("deleted", "a")
        await machine.settle(readings)
        assert len({event.id for event in machine.stored}) == 5
