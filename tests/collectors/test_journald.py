"""The journald collector: entries of a real journal, through the real journalctl, as events."""

import asyncio
import contextlib
import itertools
import json
import subprocess
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import ValidationError

from collectors.journald import collect
from collectors.journald.config import JournaldConfig
from collectors.journald.entry import Unreadable, event_of
from collectors.journald.invocation import arguments
from schemas.events import Event
from schemas.plugins import Reading
from tests.collectors.contexts import by_name, context, next_occurrence, next_samples
from tests.collectors.journal import Journal, journald

SSHD = "Failed password for bob from 192.0.2.7 port 4022 ssh2"
_names = (f"test-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    with journald(tmp_path_factory.mktemp("journal")) as journal:
        yield journal


@pytest.fixture
def name() -> str:
    """The identifier of the entries of one test."""
    return next(_names)


def collecting(
    journal: Journal, last: Event | None = None, **config: Any
) -> contextlib.AbstractAsyncContextManager[AsyncGenerator[Reading, None]]:
    async def last_event(source: str) -> Event | None:
        assert source == "journald"
        return last

    settings = JournaldConfig(directory=str(journal.directory), restart_s=0.01, **config)
    return contextlib.aclosing(collect(settings, context(journal.directory, last_event=last_event)))


async def events(readings: AsyncGenerator[Reading, None], count: int) -> list[Event]:
    async with asyncio.timeout(30):
        return [(await next_occurrence(readings)).event for _ in range(count)]


async def messages(readings: AsyncGenerator[Reading, None], count: int) -> list[str]:
    return [event.data["message"] for event in await events(readings, count)]


def journalctl() -> psutil.Process:
    """The one that runs for the collector."""
    (found,) = (child for child in psutil.Process().children() if child.name() == "journalctl")
    return found


def line(**fields: Any) -> bytes:
    """An entry as journalctl prints it."""
    entry = {"__CURSOR": "s=1;i=2", "__REALTIME_TIMESTAMP": "1709533503120456", "SYSLOG_IDENTIFIER": "app"}
    return json.dumps({**entry, "MESSAGE": "text"} | fields).encode()


def event(*kept: str, **fields: Any) -> Event:
    return event_of(line(**fields), "n1", kept, 0)


async def test_an_entry_is_read_as_its_programs(journal: Journal) -> None:
    """What sshd says has sshd's fields and log source, beside what the journal itself knows of who said it."""
    async with collecting(journal, identifiers=["sshd"]) as readings:
        await next_samples(readings)
        journal.write(SSHD, "sshd", PRIORITY="6")
        (event,) = await events(readings, 1)
    assert (event.type, event.product, event.category, event.service) == ("log.sshd", "linux", "", "sshd")
    expected = {
        "message": SSHD,
        "process.name": "sshd",
        "source.ip": "192.0.2.7",
        "user.name": "bob",
        "event.outcome": "failure",
        "log.syslog.severity.code": 6,
        "process.pid": psutil.Process().pid,
        "_TRANSPORT": "journal",
    }
    assert expected.items() <= event.data.items()


async def test_entries_come_in_order_and_each_once_through_restarts(journal: Journal, name: str) -> None:
    """The cursor in the last event is where the next collector goes on, and nothing else is kept."""
    for number in range(5):
        journal.write(f"{number}", name)
    async with collecting(journal, identifiers=[name], start="beginning") as readings:
        *_, last = found = await events(readings, 3)
    async with collecting(journal, last, identifiers=[name]) as readings:
        found += await events(readings, 2)
        journal.write("5", name)
        found += await events(readings, 1)
    assert [event.data["message"] for event in found] == ["0", "1", "2", "3", "4", "5"]
    assert len({event.id for event in found}) == 6


async def test_an_entry_that_no_longer_passes_the_filter_hides_none(journal: Journal, name: str) -> None:
    """Where the entry that was read last is not among the entries any more, the next one is not taken for it."""
    journal.write("1", name, PRIORITY="6")
    journal.write("2", name, PRIORITY="3")
    async with collecting(journal, identifiers=[name], start="boot") as readings:
        (first,) = await events(readings, 1)
    async with collecting(journal, first, identifiers=[name], priority="warning") as readings:
        assert await messages(readings, 1) == ["2"]


async def test_journalctl_is_run_again_when_it_ends(journal: Journal, name: str) -> None:
    """What was written while it was away is not missed, whether there was an event before or not."""
    journal.write("old", name)
    subprocess.run(
        ["journalctl", f"--directory={journal.directory}", "--identifier", name], check=True, capture_output=True
    )
    async with collecting(journal, identifiers=[name]) as readings:
        await next_samples(readings)
        for number in ("1", "2", "3"):
            child = journalctl()
            child.kill()
            journal.write(number, name)
            assert await messages(readings, 1) == [number]
        await next_samples(readings)
        assert by_name(await next_samples(readings))["reflexarc_journald_runs_total"] >= 4


async def written(journal: Journal, readings: AsyncGenerator[Reading, None], message: str, name: str) -> Event:
    """Write one entry and wait for its event."""
    journal.write(message, name)
    (event,) = await events(readings, 1)
    assert event.data["message"] == message
    return event


async def test_rotation_loses_and_repeats_nothing(tmp_path: Path, name: str) -> None:
    """Neither while entries are read, nor where those that were read last have been deleted since."""
    with journald(tmp_path) as journal:
        numbers = map(str, itertools.count())
        async with collecting(journal, identifiers=[name], start="beginning") as readings:
            last = await written(journal, readings, next(numbers), name)
            journal.rotate()
            while not journal.past():
                last = await written(journal, readings, next(numbers), name)
            for number in ("a", "b"):
                journal.write(number, name)
            assert await messages(readings, 2) == ["a", "b"]
        for path in journal.past():
            path.unlink()
        async with collecting(journal, last, identifiers=[name]) as readings:
            assert await messages(readings, 2) == ["a", "b"]


async def test_the_child_ends_with_the_collector(journal: Journal, name: str) -> None:
    """No journalctl is left behind."""
    async with collecting(journal, identifiers=[name]) as readings:
        await next_samples(readings)
        child = journalctl()
    assert not child.is_running()


async def test_what_is_no_text_is_read_all_the_same(journal: Journal, name: str) -> None:
    """Bytes, lines, fields that are given twice, and long messages come as far as they can be text."""
    journal.write(b"caf\xe9 \x1b[1mx", name)
    journal.write("two\nlines", name, TAG=["a", "b"])
    journal.write("x" * 50_000, name)
    async with collecting(journal, identifiers=[name], start="beginning", fields=["TAG"]) as readings:
        first, second, third = await events(readings, 3)
    assert first.data["message"] == "caf\N{REPLACEMENT CHARACTER} \x1b[1mx"
    assert second.data["message"] == "two\nlines"
    assert sorted(second.data["TAG"]) == ["a", "b"]
    assert third.data["message"] == "x" * 50_000


async def test_an_entry_beyond_the_limit_is_counted_and_left_out(journal: Journal, name: str) -> None:
    """The limit is the configuration's; those that follow are read."""
    journal.write("x" * 10_000, name)
    journal.write("next", name)
    async with collecting(journal, identifiers=[name], start="beginning", max_entry_bytes=4096) as readings:
        assert await messages(readings, 1) == ["next"]
        assert by_name(await next_samples(readings))["reflexarc_journald_entries_left_out_total"] == 1


async def test_all_filters_must_hold(journal: Journal, name: str) -> None:
    """Of one kind any, of several kinds each."""
    journal.write("no: priority", name, PRIORITY="6", TAG="a")
    journal.write("no: tag", name, PRIORITY="3", TAG="c")
    journal.write("no: program", f"{name}-other", PRIORITY="3", TAG="a")
    journal.write("a", name, PRIORITY="3", TAG="a")
    journal.write("b", name, PRIORITY="4", TAG="b")
    filters: dict[str, Any] = {"priority": "warning", "matches": ["TAG=a", "TAG=b"]}
    async with collecting(journal, identifiers=[name], start="beginning", **filters) as readings:
        assert await messages(readings, 2) == ["a", "b"]


async def test_a_journal_that_cannot_be_read_is_tried_again(tmp_path: Path) -> None:
    """A folder that is not there, and a program that is not there, end no agent."""
    for config in ({"directory": str(tmp_path / "nothing")}, {"command": [str(tmp_path / "nothing")]}):
        settings = JournaldConfig.model_validate({**config, "restart_s": 0.01})
        async with asyncio.timeout(30), contextlib.aclosing(collect(settings, context(tmp_path))) as readings:
            while by_name(await next_samples(readings))["reflexarc_journald_runs_total"] < 3:
                pass


def test_an_entry_is_an_event_that_says_where_to_go_on() -> None:
    """The id is that of node and cursor, so an entry read twice is one event; the time is that of the entry."""
    one = event()
    assert (one.file, one.source, one.time) == ("s=1;i=2", "journald", "2024-03-04T06:25:03.120Z")
    assert (one.type, one.product, one.service) == ("log.syslog", "linux", "syslog")
    assert one.data == {"message": "text", "process.name": "app"}
    assert one.id == event(MESSAGE="other").id
    others = [event(__CURSOR="s=1;i=3"), event_of(line(), "n2", (), 0)]
    assert len({one.id, *(other.id for other in others)}) == 3


def test_fields_are_kept_as_they_are_asked_for() -> None:
    """Under their own names; what is not there, or too long to be printed, is not."""
    data = event("_UID", "_BOOT_ID", "TAG", "BIG", _UID="0", TAG=["a", [98, 255], None], BIG=None, OTHER="x").data
    assert {key: value for key, value in data.items() if key.isupper()} == {"_UID": "0", "TAG": ["a", "b\ufffd"]}


def test_what_the_sender_is_yields_to_what_it_says() -> None:
    """Sudo is who logs, but the command is what it ran."""
    said = "ann : TTY=pts/0 ; PWD=/srv/ann ; USER=root ; COMMAND=/bin/less /etc/shadow"
    data = event(MESSAGE=said, SYSLOG_IDENTIFIER="sudo", _EXE="/usr/bin/sudo", _CMDLINE="sudo less /etc/shadow").data
    assert (data["process.executable"], data["process.command_line"]) == ("/bin/less", "/bin/less /etc/shadow")


def test_an_entry_may_lack_anything_but_its_cursor() -> None:
    """Whatever its fields hold, it is an event."""
    for odd in (None, [], [None], ["a", "b"], [1, 2], 7, {"a": 1}, "", "x" * 30, [[300]], "-1", "\u0661"):
        fields = dict.fromkeys(
            ["MESSAGE", "SYSLOG_IDENTIFIER", "_PID", "PRIORITY", "__REALTIME_TIMESTAMP", "_EXE"], odd
        )
        assert isinstance(event("TAG", TAG=odd, **fields).data["message"], str)


@pytest.mark.parametrize("text", [b"", b"no json", b"[1]", b"{}", b'{"__CURSOR": 1}', b'{"__CURSOR": ["a"]}', b"\xff"])
def test_what_is_no_entry_is_refused(text: bytes) -> None:
    """A banner of ssh, or half a line of a journalctl that was killed."""
    with pytest.raises(Unreadable, match="expected a JSON object"):
        event_of(text, "n1", (), 0)


@pytest.mark.parametrize(
    "config",
    [
        {"units": ["--vacuum-size=1"]},
        {"matches": ["--flush"]},
        {"fields": ["A,B"]},
        {"priority": "loud"},
        {"command": []},
    ],
)
def test_a_setting_is_no_option_of_journalctl(config: dict[str, Any]) -> None:
    """What is no filter is refused before anything is run."""
    with pytest.raises(ValidationError):
        JournaldConfig.model_validate(config)


def test_the_command_is_the_configurations() -> None:
    """Where it goes on comes from the last event, and only without one from `start`."""
    config = JournaldConfig(command=["sudo", "journalctl"], units=["ssh*"], matches=["_UID=0", "+", "_UID=1"])
    *_, since, one, plus, other = command = arguments(config, None, 1_700_000_000_007)
    assert command[:2] == ["sudo", "journalctl"]
    assert "--unit=ssh*" in command
    assert (since, one, plus, other) == ("--since=@1700000000.007", "_UID=0", "+", "_UID=1")
    assert "--cursor=s=1" in arguments(config, "s=1", 0)
    assert "--boot" in arguments(config.model_copy(update={"start": "boot"}), None, 0)
