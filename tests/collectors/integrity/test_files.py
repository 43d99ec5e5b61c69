"""Which files the integrity collector looks at and reads, and how much."""

import contextlib
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from collectors.integrity.baseline import Baseline
from collectors.integrity.config import IntegrityConfig
from collectors.integrity.record import look
from collectors.integrity.scan import Sweep
from collectors.integrity.walk import Scope, is_gone
from tests.collectors.contexts import by_name, next_samples
from tests.collectors.integrity.machine import Machine, sha256


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
