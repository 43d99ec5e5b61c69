"""The log collector: lines of real files as events."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collectors.log import collect
from collectors.log.config import LogConfig
from collectors.log.identity import FileIdentity, parse
from collectors.log.lines import Line
from schemas.events import Event
from schemas.plugins import Reading
from tests.collectors.contexts import context, line_event, next_occurrence

IDENTITY = FileIdentity(device=1, inode=2, head_length=3, head_digest="ab", life=0)
LATER_MS = 4_000_000_000_000


def collecting(
    tmp_path: Path, last: dict[str, Event] | None = None, **config: Any
) -> contextlib.AbstractAsyncContextManager[AsyncGenerator[Reading, None]]:
    async def last_event(source: str) -> Event | None:
        return (last or {}).get(source)

    settings = LogConfig(paths=[str(tmp_path / "*.log*")], poll_s=0.01, **config)
    return contextlib.aclosing(collect(settings, context(tmp_path, now_ms=lambda: LATER_MS, last_event=last_event)))


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def data(content: bytes, *, cut: bool = False) -> Any:
    return line_event("n1", "/app.log", IDENTITY, Line(0, 10, content, cut), 0).data


async def messages(readings: AsyncGenerator[Reading, None], count: int) -> list[str]:
    return [(await next_occurrence(readings)).event.data["message"] for _ in range(count)]


def test_a_line_is_an_event_that_says_where_it_stands() -> None:
    """The id is that of the place, so a line read twice is one event; the offset is where to go on."""
    event = line_event("n1", "/app.log", IDENTITY, Line(5, 10, b"text"), 1_700_000_000_123)
    assert event == Event(
        id=event.id,
        source="/app.log",
        type="log.line",
        time="2023-11-14T22:13:20.123Z",
        data={"message": "text"},
        file="1:2:3:ab:0",
        offset=10,
    )
    assert event.id == line_event("n1", "/app.log", IDENTITY, Line(5, 10, b"text"), 0).id
    others = [
        line_event("n2", "/app.log", IDENTITY, Line(5, 10, b""), 0),
        line_event("n1", "/app.log", IDENTITY._replace(inode=3), Line(5, 10, b""), 0),
        line_event("n1", "/app.log", IDENTITY, Line(6, 10, b""), 0),
    ]
    assert len({event.id, *(other.id for other in others)}) == 4


def test_a_json_object_is_structured_and_all_else_is_a_message() -> None:
    """What looks like JSON and is none, or is no object, is kept as text."""
    assert data(b'{"level": "error", "user": {"name": "a"}}\r') == {"level": "error", "user": {"name": "a"}}
    for line in (b"plain", b"", b'{"half": ', b"[1, 2]", b"{'single': 1}", b'{"deep":' * 5000 + b"}" * 5000):
        assert data(line) == {"message": line.decode()}


def test_bytes_that_are_no_text_do_not_stop_the_log() -> None:
    """Invalid UTF-8 is replaced, and every event can be published."""
    assert data(b"caf\xe9") == {"message": "caf\N{REPLACEMENT CHARACTER}"}
    for line in (b"\xff\xfe", b'{"a": "\xff"}', b'{"a": "\\ud800"}', b'{"n": 123456789012345678901234567890}', b"\0"):
        assert msgspec.json.encode(data(line))


def test_a_cut_line_is_marked() -> None:
    """The beginning of a JSON object is no object."""
    assert data(b'{"a": 1}', cut=True) == {"message": '{"a": 1}', "truncated": True}


@pytest.mark.parametrize("text", ["", "1:2:3", "a:b:c:d:e", "1:2:3:ab:0:9"])
def test_a_foreign_file_identity_is_none(text: str) -> None:
    """What another collector wrote into `file` is not an identity of ours."""
    assert parse(text) is None
    assert parse(str(IDENTITY)) == IDENTITY


async def test_each_file_is_a_source_of_its_own(tmp_path: Path) -> None:
    """Sources, and with them the journal's subjects, are told apart by path."""
    for name in ("a.log", "b.log"):
        append(tmp_path / name, name + "\n")
    async with collecting(tmp_path, start="beginning") as readings:
        found = [await next_occurrence(readings) for _ in range(2)]
    assert {(one.source, one.event.source, one.event.data["message"]) for one in found} == {
        (f"log:{tmp_path / name}", str(tmp_path / name), name) for name in ("a.log", "b.log")
    }


async def test_files_that_appear_later_are_read_from_their_beginning(tmp_path: Path) -> None:
    """`start: end` passes over what was there at the start, and nothing else."""
    append(tmp_path / "a.log", "old\n")

    async def last_event(source: str) -> None:
        if source.endswith("a.log"):  # the files that are there have been listed by now
            append(tmp_path / "b.log", "new 1\nnew 2\n")

    settings = LogConfig(paths=[str(tmp_path / "*.log")], poll_s=0.01)
    async with contextlib.aclosing(collect(settings, context(tmp_path, last_event=last_event))) as readings:
        assert await messages(readings, 2) == ["new 1", "new 2"]


async def test_a_rotated_file_is_not_another_log(tmp_path: Path) -> None:
    """A pattern that matches `app.log.1` too does not give its lines a second time."""
    log = tmp_path / "app.log"
    append(log, "1\n")
    async with collecting(tmp_path, start="beginning") as readings:
        found = await messages(readings, 1)
        log.rename(tmp_path / "app.log.1")
        append(log, "2\n")
        found += await messages(readings, 1)
        append(log, "3\n")
        found += await messages(readings, 1)
    assert found == ["1", "2", "3"]


async def test_a_restarted_collector_goes_on_after_its_own_last_event(tmp_path: Path) -> None:
    """The journal is the only memory: nothing is stored beside it."""
    log = tmp_path / "app.log"
    append(log, "1\n2\n3\n")
    async with collecting(tmp_path, start="beginning") as readings:
        await next_occurrence(readings)
        second = await next_occurrence(readings)
    async with collecting(tmp_path, {second.source: second.event}) as readings:
        append(log, "4\n")
        assert await messages(readings, 2) == ["3", "4"]
    assert [path.name for path in tmp_path.iterdir()] == ["app.log"]


async def test_a_line_beyond_the_limit_is_cut(tmp_path: Path) -> None:
    """The limit is the configuration's."""
    append(tmp_path / "app.log", "x" * 2000 + "\nnext\n")
    async with collecting(tmp_path, start="beginning", max_line_bytes=1024) as readings:
        cut = await next_occurrence(readings)
        assert cut.event.data == {"message": "x" * 1024, "truncated": True}
        assert await messages(readings, 1) == ["next"]


async def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    """A directory, a dangling link and a file that was deleted do not keep the others from being read."""
    (tmp_path / "directory.log").mkdir()
    (tmp_path / "dangling.log").symlink_to(tmp_path / "nowhere")
    append(tmp_path / "app.log", "1\n")
    async with collecting(tmp_path, start="beginning") as readings:
        assert await messages(readings, 1) == ["1"]
