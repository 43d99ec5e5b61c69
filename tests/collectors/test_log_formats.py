"""The log collector with formats: which file has which, and what becomes of its lines."""

import contextlib
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collectors.log import collect
from collectors.log.config import LogConfig
from schemas.events import Event
from schemas.plugins import Reading
from tests.collectors.contexts import by_text, context, next_occurrence, next_samples

FAILED = "Mar  4 06:25:01 web1 sshd[9]: Failed password for root from 192.0.2.7 port 4022 ssh2\n"


def collecting(
    tmp_path: Path, last: Event | None = None, **config: Any
) -> contextlib.AbstractAsyncContextManager[AsyncGenerator[Reading, None]]:
    async def last_event(source: str) -> Event | None:
        return last

    settings = LogConfig.model_validate({"start": "beginning", "poll_s": 0.01, **config})
    return contextlib.aclosing(collect(settings, context(tmp_path, last_event=last_event)))


def files(tmp_path: Path, name: str, line_format: Any) -> dict[str, Any]:
    return {"paths": [str(tmp_path / name)], "format": line_format}


async def test_each_file_has_the_format_of_the_first_entry_that_names_it(tmp_path: Path) -> None:
    """A file that only `paths` name is plain."""
    for name in ("auth.log", "app.log", "other.log"):
        (tmp_path / name).write_text(FAILED)
    entries = [
        files(tmp_path, "auth.log", "auth"),
        files(tmp_path, "a*.log", {"name": "json", "product": "shop"}),
    ]
    async with collecting(tmp_path, paths=[str(tmp_path / "*.log")], files=entries) as readings:
        events = [(await next_occurrence(readings)).event for _ in range(3)]
    found = {Path(event.source).name: (event.type, event.product, event.service) for event in events}
    assert found == {
        "auth.log": ("log.sshd", "linux", "sshd"),
        "app.log": ("log.line", "shop", ""),
        "other.log": ("log.line", "", ""),
    }


async def test_an_event_has_the_time_of_its_line_and_the_log_source(tmp_path: Path) -> None:
    """And says where to go on, as any line does."""
    (tmp_path / "access.log").write_text('192.0.2.7 - - [04/Mar/2024:06:25:01 +0100] "GET /a HTTP/1.1" 404 1 "-" "-"\n')
    async with collecting(tmp_path, files=[files(tmp_path, "*", "nginx")]) as readings:
        event = (await next_occurrence(readings)).event
    assert (event.type, event.time) == ("log.nginx.access", "2024-03-04T05:25:01.000Z")
    assert (event.product, event.category, event.service) == ("nginx", "webserver", "access")
    assert event.data["source.ip"] == "192.0.2.7"
    assert (event.offset, event.skip) == ((tmp_path / "access.log").stat().st_size, None)


async def test_lines_that_do_not_fit_are_events_and_counted(tmp_path: Path) -> None:
    """By log and format, beside all that were read."""
    log = tmp_path / "auth.log"
    log.write_text(FAILED + "what\n" + FAILED + "\xff" * 2000 + "\n")
    entries = [files(tmp_path, "*", "auth")]
    async with collecting(tmp_path, files=entries, max_line_bytes=1024) as readings:
        events = [(await next_occurrence(readings)).event for _ in range(4)]
        counts = by_text(await next_samples(readings))
    assert events[1].data == {"message": "what"}
    assert (events[1].type, events[1].product, events[1].service) == ("log.line", "linux", "auth")
    assert events[3].data["truncated"]
    labels = f'format="auth", instance="n1", job="log", path="{log}"'
    assert counts == {
        f"reflexarc_log_lines_total{{{labels}}}": 4,
        f"reflexarc_log_lines_not_parsed_total{{{labels}}}": 2,
    }


async def test_a_line_of_many_events_is_read_on_after_any_of_them(tmp_path: Path) -> None:
    """Also where it is the first line of the file."""
    log = tmp_path / "trail.log"
    lines = [[{"eventName": f"{line}{n}", "eventTime": "2024-03-04T05:25:01Z"} for n in range(3)] for line in "ab"]
    log.write_text("".join(json.dumps({"Records": records}) + "\n" for records in lines))
    entries = [files(tmp_path, "*", "cloudtrail")]
    async with collecting(tmp_path, files=entries) as readings:
        events = [(await next_occurrence(readings)).event for _ in range(6)]
    names = [event.data["eventName"] for event in events]
    assert names == ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert len({event.id for event in events}) == 6
    for number in range(5):
        async with collecting(tmp_path, events[number], files=entries) as readings:
            assert (await next_occurrence(readings)).event == events[number + 1]


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({}, "expected paths, or files with paths and a format, got neither"),
        (
            {"files": [{"paths": ["/x"], "format": "aut"}]},
            "'aut' found using 'name' does not match any of the expected",
        ),
        ({"files": [{"paths": ["/x"]}]}, "files.0.format"),
        ({"files": [{"paths": [], "format": "auth"}]}, "files.0.paths"),
        (
            {"files": [{"paths": ["/x"], "format": {"name": "falco", "timezone": "UTC"}}]},
            "files.0.format.falco.timezone",
        ),
        (
            {"files": [{"paths": ["/x"], "format": {"name": "auth", "timezone": "Berlin"}}]},
            "expected a time zone such as Europe/Berlin, got 'Berlin'",
        ),
        ({"files": [{"paths": ["/x"], "format": {"name": "pattern"}}]}, "files.0.format.pattern.patterns"),
        (
            {"files": [{"paths": ["/x"], "format": {"name": "pattern", "patterns": ["%{NOPE:x}"]}}]},
            "%{NOPE:x}: expected one of",
        ),
    ],
)
def test_a_configuration_that_is_wrong_says_where(config: dict[str, Any], complaint: str) -> None:
    """And what was expected there."""
    with pytest.raises(ValidationError) as refused:
        LogConfig.model_validate(config)
    assert complaint in str(refused.value)
