"""The tail: every numbered line once and in order, whatever happens to the file."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.log.identity import FileIdentity
from collectors.log.lines import Line
from collectors.log.rotation import is_rotated, rotated
from collectors.log.tail import FORGET_MS, QUIET_MS, Start, Tail, open_tail
from schemas.events import Event
from tests.collectors.contexts import line_event

LIMIT = 4096
LATER_MS = 2**60
"""A time at which no file has been written to lately."""


def drain(tail: Tail, now_ms: int = LATER_MS) -> list[tuple[FileIdentity, Line]]:
    found = []
    while batch := tail.poll(now_ms):
        found += batch
    return found


def texts(tail: Tail, now_ms: int = LATER_MS) -> list[str]:
    return [line.content.decode() for _, line in drain(tail, now_ms)]


def append(path: Path, *lines: str, end: str = "\n") -> None:
    with path.open("a") as file:
        file.write("".join(line + end for line in lines))


def modified_ms(path: Path) -> int:
    return path.stat().st_mtime_ns // 1_000_000


def last_event(path: Path, located: list[tuple[FileIdentity, Line]]) -> Event:
    """What the journal would have after these lines."""
    identity, line = located[-1]
    return line_event("node", str(path), identity, line, 0)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


def open_at(log: Path, start: Start = "beginning", last: Event | None = None) -> Tail:
    return open_tail(log, LIMIT, start, last)


def test_a_tail_begins_where_it_is_told(log: Path) -> None:
    """From the beginning it has all lines, from the end only those to come."""
    append(log, "1", "2")
    beginning, end = open_at(log), open_at(log, "end")
    append(log, "3")
    assert texts(beginning) == ["1", "2", "3"]
    assert texts(end) == ["3"]


def test_the_end_is_the_beginning_of_the_line_being_written(log: Path) -> None:
    """A line whose newline comes after the start is seen whole."""
    append(log, "1")
    append(log, "ha", end="")
    tail = open_at(log, "end")
    append(log, "lf")
    assert texts(tail) == ["half"]


def test_a_renamed_file_is_read_to_its_end_before_its_successor(log: Path) -> None:
    """A writer that goes on in the renamed file for a while loses nothing."""
    append(log, "1")
    tail = open_at(log)
    assert texts(tail) == ["1"]
    with log.open("a") as writer:
        log.rename(log.with_name("app.log.1"))
        log.touch()
        writer.write("2\n")
        writer.flush()
        assert texts(tail) == ["2"]
        writer.write("3\n")
    append(log, "4")
    assert texts(tail) == ["3", "4"]


def test_a_renamed_file_is_waited_for_until_it_is_quiet(log: Path) -> None:
    """Another process may still write to the renamed file when the first has turned to the new one."""
    append(log, "1")
    tail = open_at(log)
    old = log.rename(log.with_name("app.log.1"))
    append(log, "3")
    assert texts(tail, modified_ms(old) + QUIET_MS - 1) == ["1"]
    append(old, "2")
    assert texts(tail, modified_ms(old) + QUIET_MS - 1) == ["2"]
    assert texts(tail, modified_ms(old) + QUIET_MS) == ["3"]


def test_the_last_line_of_a_finished_file_needs_no_newline(log: Path) -> None:
    """What a writer did not complete before its file was rotated is a line all the same."""
    append(log, "unfinished", end="")
    tail = open_at(log)
    assert texts(tail) == []
    log.rename(log.with_name("app.log.1"))
    append(log, "next")
    assert texts(tail) == ["unfinished", "next"]


def test_several_rotations_between_two_polls_lose_nothing(log: Path) -> None:
    """Files that bore the name only while nobody looked are read too, in their order."""
    append(log, "1")
    tail = open_at(log)
    log.rename(log.with_name("app.log.1"))
    append(log, "2")
    log.with_name("app.log.1").rename(log.with_name("app.log.2"))
    log.rename(log.with_name("app.log.1"))
    append(log, "3")
    assert texts(tail) == ["1", "2", "3"]


def test_a_rotated_file_that_was_deleted_is_still_read(log: Path) -> None:
    """What was open stays readable, as when the old file is compressed at once."""
    append(log, "1")
    tail = open_at(log)
    log.unlink()
    append(log, "2")
    assert texts(tail) == ["1", "2"]


def test_truncation_begins_again(log: Path) -> None:
    """After `: > app.log` lines are read from the beginning, under another identity."""
    append(log, "1", "2")
    tail = open_at(log)
    before = drain(tail)
    os.truncate(log, 0)
    append(log, "1")
    after = drain(tail)
    assert [line.content for _, line in after] == [b"1"]
    assert last_event(log, after).id != last_event(log, before[:1]).id


def test_truncation_is_noticed_when_the_file_has_grown_beyond_where_we_were(log: Path) -> None:
    """That a file is longer than before does not mean that it is the same."""
    append(log, "1", "2")
    tail = open_at(log)
    assert texts(tail) == ["1", "2"]
    os.truncate(log, 0)
    append(log, "3", "4", "5")
    assert texts(tail) == ["3", "4", "5"]


def test_lines_written_just_before_copytruncate_are_read_from_the_copy(log: Path) -> None:
    """The copy holds what was not read yet, a half-read line included."""
    append(log, "1")
    append(log, "2, beg", end="")
    tail = open_at(log)
    assert texts(tail) == ["1"]
    append(log, "un", "3")
    shutil.copyfile(log, log.with_name("app.log.1"))
    os.truncate(log, 0)
    append(log, "4")
    assert texts(tail) == ["2, begun", "3", "4"]


@pytest.mark.parametrize("copies", [1, 2])
def test_a_file_that_is_copied_while_it_waits_for_its_turn_is_read_from_the_copy(log: Path, copies: int) -> None:
    """A log that is rotated again before the file before it has been quiet for long enough loses nothing."""
    append(log, "1")
    tail = open_at(log)
    log.rename(log.with_name("app.log.1"))
    append(log, "2")
    assert texts(tail, modified_ms(log.with_name("app.log.1"))) == ["1"]
    for copy in range(copies):
        for old in range(copy + 1, 0, -1):
            log.with_name(f"app.log.{old}").rename(log.with_name(f"app.log.{old + 1}"))
        shutil.copyfile(log, log.with_name("app.log.1"))
        os.truncate(log, 0)
        append(log, f"copied {copy}")
    found = drain(tail)
    assert [line.content for _, line in found] == [b"2", *(f"copied {copy}".encode() for copy in range(copies))]
    assert len({(identity, line.start) for identity, line in found}) == copies + 1


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_a_tail_resumes_after_its_last_event(log: Path, rotations: int) -> None:
    """What came while nobody read is read on restart, through any rotations since."""
    append(log, "1", "2")
    located = drain(open_at(log))
    append(log, "3")
    for number in range(rotations):
        for old in range(number, 0, -1):
            log.with_name(f"app.log.{old}").rename(log.with_name(f"app.log.{old + 1}"))
        log.rename(log.with_name("app.log.1"))
        append(log, f"new {number}")
    resumed = open_at(log, "end", last_event(log, located[:1]))
    assert texts(resumed) == ["2", "3", *(f"new {number}" for number in range(rotations))]


def test_a_tail_resumes_in_the_copy_of_a_truncated_file(log: Path) -> None:
    """A copytruncate while nobody read loses nothing either."""
    append(log, "1", "2")
    last = last_event(log, drain(open_at(log))[:1])
    shutil.copyfile(log, log.with_name("app.log.1"))
    os.truncate(log, 0)
    append(log, "3")
    assert texts(open_at(log, "end", last)) == ["2", "3"]


def test_a_file_that_came_after_the_one_last_read_is_new_from_its_beginning(log: Path) -> None:
    """Where the old file is gone, `start: end` must not skip its successor."""
    append(log, "1")
    last = last_event(log, drain(open_at(log)))
    log.rename(log.with_name("elsewhere"))
    append(log, "2", "3")
    assert texts(open_at(log, "end", last)) == ["2", "3"]


def test_what_was_rotated_since_the_file_last_read_is_gone_is_read(log: Path) -> None:
    """A log that was emptied, or compressed, and then rotated while nobody read is read on with what was rotated; but
    not with what was rotated, and so read, before."""
    append(log, "old")
    log.rename(log.with_name("app.log.2"))
    append(log, "1")
    os.utime(log.with_name("app.log.2"), (1, 1))
    last = last_event(log, drain(open_at(log)))
    os.truncate(log, 0)
    append(log, "2")
    log.rename(log.with_name("app.log.1"))
    append(log, "3")
    assert texts(open_at(log, "end", msgspec.structs.replace(last, time="1970-01-01T00:00:02Z"))) == ["2", "3"]


def test_identity_does_not_change_while_a_short_file_grows(log: Path) -> None:
    """Lines have the same id whether they are read at once or one by one."""
    append(log, "1")
    growing = open_at(log)
    one_by_one = drain(growing)
    append(log, "2", "x" * 2000)
    one_by_one += drain(growing)
    assert one_by_one == drain(open_at(log))


def test_a_log_that_is_gone_is_forgotten_in_time(log: Path) -> None:
    """A deleted file is not held open for ever, and one that comes back in time is followed."""
    append(log, "1")
    tail = open_at(log)
    gone_ms = modified_ms(log) + 1
    log.unlink()
    assert texts(tail, gone_ms) == ["1"]
    assert not tail.forgotten(gone_ms + FORGET_MS - 1)
    assert tail.forgotten(gone_ms + FORGET_MS)
    append(log, "2")
    assert texts(tail) == ["2"]
    assert not tail.forgotten(gone_ms + FORGET_MS)


def test_rotated_files_are_told_from_other_logs(log: Path) -> None:
    """Numbers and dates after the name, compressed or not, but only where the log itself is there."""
    names = ["app.log", "app.log.1", "app.log-20240131", "app.log.2024-01-31T10:00", "app.log.2.gz", "app.log.err"]
    for name in names:
        append(log.with_name(name), name)
    assert [name for name in names if is_rotated(log.with_name(name))] == names[1:5]
    assert not is_rotated(log.with_name("other.log.1"))
    assert {path.name for path in rotated(log)} == set(names[1:4])


class World:
    """A log of numbered lines with all that may happen to it."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / "app.log"
        self.log.touch()
        self.written = 0
        self.read: list[int] = []
        self.last: Event | None = None
        self.begun = False  # whether something of what the file now holds is known to have been read
        self.tail = open_at(self.log)

    def write(self) -> None:
        for _ in range(3):
            self.written += 1
            append(self.log, f"line {self.written}")

    def poll(self) -> None:
        self._receive(drain(self.tail))
        self.begun = self.log.stat().st_size > 0

    def poll_once(self) -> None:
        self._receive(self.tail.poll(LATER_MS))
        self.begun = False

    def restart(self) -> None:
        if self.last is None:  # of a log without an event nothing is known, so only its present file is read
            self.poll()
        self.tail.close()
        self.tail = open_at(self.log, "beginning", self.last)

    def rename_and_create(self) -> None:
        self._make_room()
        self.log.rename(self.log.with_name("app.log.1"))
        self.log.touch()
        self.begun = False

    def copy_and_truncate(self) -> None:
        if not self.begun:  # a truncation before the first read cannot be told from a file that was always short
            self.poll()
        self._make_room()
        shutil.copyfile(self.log, self.log.with_name("app.log.1"))
        os.truncate(self.log, 0)

    def _make_room(self) -> None:
        for path in sorted(self.log.parent.glob("app.log.*"), key=lambda path: -int(path.suffix[1:])):
            path.rename(path.with_name(f"app.log.{int(path.suffix[1:]) + 1}"))

    def _receive(self, located: list[tuple[FileIdentity, Line]]) -> None:
        self.read += [int(line.content.removeprefix(b"line ")) for _, line in located]
        if located:
            self.last = last_event(self.log, located)


HAPPENINGS = [World.write, World.poll, World.poll_once, World.restart, World.rename_and_create, World.copy_and_truncate]


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(HAPPENINGS), max_size=25))
def test_no_line_is_lost_or_doubled(happenings: list[Callable[[World], None]]) -> None:
    """Whatever happens in whatever order, each line is read once, in the order of writing."""
    with tempfile.TemporaryDirectory() as directory:
        world = World(Path(directory))
        for happen in happenings:
            happen(world)
        world.write()
        world.poll()
        world.tail.close()
        assert world.read == list(range(1, world.written + 1))
