"""The integrity collector: changes of real files as events, each once."""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from collectors.integrity import collect
from collectors.integrity.baseline import Baseline
from collectors.integrity.config import IntegrityConfig
from collectors.integrity.record import look
from collectors.integrity.scan import Sweep
from collectors.integrity.walk import Scope, is_gone
from collectors.integrity.watch import MOST_AT_ONCE
from schemas.events import Event
from schemas.plugins import NotStored, Occurrence, Reading
from tests.collectors.contexts import by_name, context, next_occurrence, next_samples


class Machine:
    """A folder that is watched, and what the bus has stored of it."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.files.mkdir()
        self.state = folder / "state"
        self.database = self.state / "integrity" / "baseline.sqlite"
        self.stored: list[Event] = []

    def collecting(self, **config: Any) -> contextlib.AbstractAsyncContextManager[AsyncGenerator[Reading, None]]:
        async def last_event(source: str) -> Event | None:
            assert source == "integrity"
            return self.stored[-1] if self.stored else None

        settings = IntegrityConfig.model_validate({"paths": [str(self.files)], "poll_s": 0.01, **config})
        return contextlib.aclosing(collect(settings, context(self.state, last_event=last_event)))

    async def store(self, readings: AsyncGenerator[Reading, None], count: int = 1) -> list[Event]:
        """Store the next events, each as soon as it comes."""
        async with asyncio.timeout(30):
            for _ in range(count):
                occurrence = await next_occurrence(readings)
                self.stored.append(occurrence.event)
                _receipt(occurrence)(None)
        return self.stored[-count:]

    async def settle(self, readings: AsyncGenerator[Reading, None]) -> None:
        """Look at all files twice more: nothing is told."""
        async with asyncio.timeout(30):
            for _ in range(2):
                assert not isinstance(await anext(readings), Occurrence)

    async def baseline(self, **config: Any) -> Event:
        """Have one made, as they are now."""
        async with self.collecting(**config) as readings:
            (event,) = await self.store(readings)
            await next_samples(readings)
        return event

    async def changes(self, count: int, **config: Any) -> list[tuple[str, str]]:
        """What is told, and that it is all: actions and paths."""
        async with self.collecting(**config) as readings:
            events = await self.store(readings, count)
            await self.settle(readings)
        return [self.said(event) for event in events]

    def said(self, event: Event) -> tuple[str, str]:
        path = event.data.get("file.path", "").removeprefix(f"{self.files}/")
        return event.data["event.action"], path


def _receipt(occurrence: Occurrence) -> Callable[[None], None]:
    assert occurrence.receipt
    return occurrence.receipt.set_result


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


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
    path = machine.files / "a"
    async with machine.collecting() as readings:
        for content, action in (("1", "created"), ("2", "modified"), ("3", "modified")):
            path.write_text(content)
            (event,) = await machine.store(readings)
            assert (machine.said(event), event.data["file.hash.sha256"]) == ((action, "a"), sha256(content))
        path.unlink()
        (event,) = await machine.store(readings)
        assert machine.said(event) == ("deleted", "a")
        await machine.settle(readings)
        assert len({event.id for event in machine.stored}) == 5


@pytest.mark.parametrize("stored", range(4))
@pytest.mark.parametrize("told", range(4))
async def test_each_change_is_told_once_whenever_the_agent_dies(machine: Machine, told: int, stored: int) -> None:
    """It may have handed on any number of the changes, of which any number is stored, when it is killed."""
    if stored > told:
        return
    await machine.baseline()
    for name in "abc":
        (machine.files / name).write_text(name)
    async with machine.collecting() as readings:  # which never hears that anything is stored
        handed_on = [(await next_occurrence(readings)).event for _ in range(told)]
    machine.stored += handed_on[:stored]
    (machine.files / "d").write_text("d")
    rest = await machine.changes(4 - stored)
    assert [machine.said(event) for event in machine.stored[1:]] == [("created", name) for name in "abcd"]
    assert [event.id for event in handed_on] == [event.id for event in machine.stored[1 : told + 1]]
    assert len(rest) == 4 - stored


async def test_nothing_is_lost_while_the_bus_is_away(machine: Machine) -> None:
    """What changes meanwhile is told when what was told before is stored."""
    await machine.baseline()
    path = machine.files / "a"
    path.write_text("1")
    async with machine.collecting() as readings:
        waiting = await next_occurrence(readings)
        next_one = asyncio.ensure_future(next_occurrence(readings))
        path.write_text("2")
        assert not (await asyncio.wait([next_one], timeout=0.05))[0]
        _receipt(waiting)(None)
        following = await next_one
        assert following.event.data["file.previous.hash.sha256"] == sha256("1")


async def test_what_can_never_be_stored_keeps_nothing_else_back(machine: Machine) -> None:
    """The host has said so in its log."""
    await machine.baseline()
    (machine.files / "a").write_text("a")
    async with machine.collecting() as readings:
        refused = await next_occurrence(readings)
        assert refused.receipt
        refused.receipt.set_exception(NotStored("too large"))
        await next_samples(readings)
        (machine.files / "b").write_text("b")
        (event,) = await machine.store(readings)
        assert machine.said(event) == ("created", "b")


async def test_any_number_of_changes_is_told(machine: Machine) -> None:
    """They go on in portions, none of which is left out."""
    await machine.baseline()
    names = {f"{number}" for number in range(MOST_AT_ONCE + 100)}
    for name in names:
        (machine.files / name).write_text("")
    assert {path for _, path in await machine.changes(len(names))} == names


async def test_other_paths_are_not_told_as_created_or_deleted(machine: Machine) -> None:
    """After the configuration has changed, what came into it is one event; what had changed before is told."""
    for name in ("a", "b", "c"):
        (machine.files / name).write_text(name)
    here = {name: str(machine.files / name) for name in "abc"}
    await machine.baseline(paths=[here["a"], here["b"]])
    (machine.files / "a").write_text("other")
    told = await machine.changes(2, paths=[here["a"], here["c"]])
    assert told == [("baseline_changed", ""), ("modified", "a")]
    assert machine.stored[1].data["integrity.files"] == 2
    (machine.files / "b").write_text("not watched")
    (machine.files / "c").write_text("watched")
    assert await machine.changes(1, paths=[here["a"], here["c"]]) == [("modified", "c")]


async def test_a_large_file_is_told_by_its_size_and_time(machine: Machine) -> None:
    """It is not read, and counted as such."""
    path = machine.files / "a"
    path.write_text("x" * 100)
    await machine.baseline(max_hash_bytes=10)
    path.write_text("y" * 100)
    async with machine.collecting(max_hash_bytes=10) as readings:
        (event,) = await machine.store(readings)
        assert (machine.said(event), event.data["file.size"]) == (("modified", "a"), 100)
        assert "file.hash.sha256" not in event.data
        values = by_name(await next_samples(readings))
    assert (values["reflexarc_integrity_files"], values["reflexarc_integrity_files_not_hashed"]) == (2, 1)


async def test_files_beyond_the_limit_are_counted(machine: Machine) -> None:
    """Somebody who makes files without end fills neither the memory nor the bus."""
    await machine.baseline(max_files=3)
    for name in "abcde":
        (machine.files / name).write_text(name)
    async with machine.collecting(max_files=3) as readings:
        events = await machine.store(readings, 2)
        assert [machine.said(event) for event in events] == [("created", "a"), ("created", "b")]
        await next_samples(readings)
        assert by_name(await next_samples(readings))["reflexarc_integrity_files_left_out"] == 3


async def test_a_name_need_not_be_text(machine: Machine) -> None:
    """Two names that are the same text are two files all the same."""
    await machine.baseline()
    for name in (b"caf\xe9", b"caf\xe8"):
        Path(os.fsdecode(os.fsencode(machine.files) + b"/" + name)).write_text("")
    assert await machine.changes(2) == [("created", "caf\N{REPLACEMENT CHARACTER}")] * 2
    assert len({event.id for event in machine.stored}) == 3
    assert msgspec.json.encode(machine.stored)


async def test_special_files_are_not_opened(machine: Machine) -> None:
    """A pipe without a writer would be waited for."""
    os.mkfifo(machine.files / "pipe")
    await machine.baseline()
    (machine.files / "pipe").chmod(0o640)
    assert await machine.changes(1) == [("attributes_modified", "pipe")]


async def test_a_baseline_that_is_taken_away_is_told_of(machine: Machine) -> None:
    """Deleted or overwritten between two starts, it is made anew, which is an event."""
    await machine.baseline()
    machine.database.unlink()
    assert (await machine.baseline()).data["event.action"] == "baseline_created"
    machine.database.write_bytes(b"no database" * 1000)
    assert (await machine.baseline()).data["event.action"] == "baseline_created"


async def test_a_baseline_that_cannot_be_written_blinds_nobody(machine: Machine) -> None:
    """Changes are told, each once, as long as the agent runs."""
    async with machine.collecting() as readings:
        await machine.store(readings)
        await next_samples(readings)
        machine.database.unlink()
        for content in "abc":
            (machine.files / "a").write_text(content)
            (event,) = await machine.store(readings)
            assert event.data["file.hash.sha256"] == sha256(content)
        await machine.settle(readings)


async def test_content_that_changed_without_a_trace_is_found(machine: Machine) -> None:
    """All files are read again in turn: here one whose stat says that it is what it was."""
    path = machine.files / "a"
    path.write_text("a")
    await machine.baseline()
    forget_content(machine, path)
    async with machine.collecting(reread_bytes_per_s=1000) as readings:
        (event,) = await machine.store(readings)
        await machine.settle(readings)
    assert machine.said(event) == ("modified", "a")
    assert (event.data["file.previous.hash.sha256"], event.data["file.hash.sha256"]) == (sha256("before"), sha256("a"))
    assert event.data["event.reason"] == "the content differs, though nothing else does"


def forget_content(machine: Machine, path: Path) -> None:
    """As if the file had had another content, and the disk had been written to behind the back of its filesystem."""
    with contextlib.closing(Baseline(machine.database)) as baseline:
        other = msgspec.structs.replace(baseline.files[os.fsencode(path)], sha256=sha256("before"))
        baseline.refresh([(os.fsencode(path), other)])
        baseline.flush()


def test_reading_again_is_bounded(machine: Machine) -> None:
    """So many bytes in a second on the average, whatever the sizes of files, and however long it was stopped."""
    with contextlib.closing(Baseline(machine.database)) as baseline:
        for name, size in (("a", 100), ("b", 1000), ("c", 100)):
            path = machine.files / name
            path.write_text("x" * size)
            baseline.refresh([(os.fsencode(path), look(os.fsencode(path), 10_000))])
        sweep = Sweep(IntegrityConfig(reread_bytes_per_s=100, poll_s=1), baseline)
        read = []
        for elapsed_s in [0.0, *[1.0] * 14, 1000.0]:
            assert list(sweep.changes(elapsed_s)) == []
            read.append(sweep.bytes_read)
    assert read == [0, 100, 1100, *[1100] * 9, 1200, 1300, 2300, 2400]
    assert sweep.rounds == 2


def test_a_pattern_is_a_glob_and_a_folder_is_all_that_lies_below(tmp_path: Path) -> None:
    """Hidden files too; links are not followed, and what is excluded is not looked into."""
    for name in ("ann/.ssh/keys", "bob/.ssh/deep/keys", "bob/other", "bob/.ssh/x.swp", "bob/.ssh/tmp/y"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "ann/.ssh/link").symlink_to(tmp_path / "bob")
    (tmp_path / "ann/.ssh/loop").symlink_to("loop")
    patterns = [f"{tmp_path}/*/.ssh/", f"{tmp_path}/bob/.ssh", f"{tmp_path}/nothing*"]
    found = [path for path, _ in Scope(patterns, ["*.swp", f"{tmp_path}/bob/.ssh/tmp"]).walk()]
    names = [os.path.relpath(os.fsdecode(path), tmp_path) for path in found]
    assert sorted(names) == [
        "ann/.ssh",
        "ann/.ssh/keys",
        "ann/.ssh/link",
        "ann/.ssh/loop",
        "bob/.ssh",
        "bob/.ssh/deep",
        "bob/.ssh/deep/keys",
    ]
    assert list(Scope([f"{tmp_path}/bob/.ssh/tmp/y"], [f"{tmp_path}/bob/.ssh/tmp"]).walk()) == []


def test_what_cannot_be_looked_at_is_not_gone(tmp_path: Path) -> None:
    """Only where there is nothing of the name is it gone."""
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    gone = [is_gone(os.fsencode(tmp_path / name)) for name in ("file", "none", "file/x", "loop/x", "x" * 300)]
    assert gone == [False, True, True, False, False]


@pytest.mark.parametrize("config", [{"paths": []}, {"paths": ["etc"]}, {"paths": ["/a\0b"]}, {"poll_s": 0}])
def test_a_configuration_that_watches_nothing_is_refused(config: dict[str, Any]) -> None:
    """A relative path would be one of wherever the agent was started."""
    with pytest.raises(ValidationError):
        IntegrityConfig.model_validate(config)
