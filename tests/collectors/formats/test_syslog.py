"""The headers of syslog, and whose messages the lines are then."""

from datetime import UTC, datetime
from typing import Any

import pytest

from collectors.formats.model import Parsed
from tests.collectors.contexts import parser

NOW_MS = int(datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp() * 1000)


def parsed(line: str, name: str = "syslog", timezone: str | None = "UTC", now_ms: int = NOW_MS) -> Parsed:
    (found,) = parser(name, timezone=timezone).parse(line, now_ms)
    return found


HEADER = {"host.hostname": "web1", "process.name": "app", "process.pid": 12}


@pytest.mark.parametrize(
    ("line", "time", "header"),
    [
        ("Jan  1 06:25:01 web1 app[12]: text", "2024-01-01T06:25:01.000Z", HEADER),
        ("<13>Jan  1 06:25:01 web1 app[12]: text", "2024-01-01T06:25:01.000Z", {**HEADER, "log.syslog.priority": 13}),
        ("Jan  1 2023 06:25:01 web1 app[12]: text", "2023-01-01T06:25:01.000Z", HEADER),
        ("2023 Jan  1 06:25:01 web1 app[12]: text", "2023-01-01T06:25:01.000Z", HEADER),
        ("2024-01-01T06:25:01.1234+01:00 web1 app[12]: text", "2024-01-01T05:25:01.123Z", HEADER),
        ("2024-01-01 06:25:01,123 web1 app[12]: text", "2024-01-01T06:25:01.123Z", HEADER),
        (
            "<165>1 2024-01-01T06:25:01.123456Z web1 app 12 ID7 - text",
            "2024-01-01T06:25:01.123Z",
            {**HEADER, "log.syslog.priority": 165},
        ),
        (
            '1 2024-01-01T06:25:01Z web1 app main - [ex@1 a="b \\"c\\" ]" d="e"][f@2] \ufefftext',
            "2024-01-01T06:25:01.000Z",
            {
                "host.hostname": "web1",
                "process.name": "app",
                "log.syslog.procid": "main",
                "log.syslog.structured_data": {"ex@1": {"a": 'b "c" ]', "d": "e"}, "f@2": {}},
            },
        ),
        (
            "Jan  1 06:25:01 app[12]: text",
            "2024-01-01T06:25:01.000Z",
            {"process.name": "app", "process.pid": 12},
        ),
        (
            "Jan  1 06:25:01 fe80::1 app: text",
            "2024-01-01T06:25:01.000Z",
            {"host.hostname": "fe80::1", "process.name": "app"},
        ),
        ("Jan  1 06:25:01 web1 text", "2024-01-01T06:25:01.000Z", {"host.hostname": "web1"}),
        ("Feb 31 06:25:01 web1 app[12]: text", None, HEADER),
    ],
)
def test_headers(line: str, time: str | None, header: dict[str, Any]) -> None:
    """When, where and which program, however that is written."""
    found = parsed(line)
    assert (found.time, found.data) == (time, {"message": "text", **header})
    assert (found.type, found.source) == ("log.syslog", ("linux", "", "syslog"))


@pytest.mark.parametrize(
    "line", ["", "text", "Jan  1 06:25:01", "Foo 11 06:25:01 web1 x", "{}", "<1><2>Jan  1 06:25:01 h a: x"]
)
def test_what_has_no_header_is_not_syslog(line: str) -> None:
    """It does not fit."""
    assert parser("syslog").parse(line, NOW_MS) == []


@pytest.mark.parametrize(
    ("now", "said", "time"),
    [
        ("2024-01-02T00:00:00", "Dec 31 23:59:59", "2023-12-31T23:59:59.000Z"),
        ("2024-01-02T00:00:00", "Jan  1 00:00:00", "2024-01-01T00:00:00.000Z"),
        ("2023-12-31T23:59:50", "Jan  1 00:00:10", "2024-01-01T00:00:10.000Z"),
        ("2024-06-01T00:00:00", "Jun  5 00:00:00", "2023-06-05T00:00:00.000Z"),
        ("2026-03-01T00:00:00", "Feb 29 12:00:00", "2024-02-29T12:00:00.000Z"),
    ],
)
def test_a_year_that_is_not_said_is_the_last_that_is_possible(now: str, said: str, time: str) -> None:
    """A clock may be ahead, so a time is in the future only if it is so by more than a day."""
    now_ms = int(datetime.fromisoformat(now).replace(tzinfo=UTC).timestamp() * 1000)
    assert parsed(f"{said} web1 app: x", now_ms=now_ms).time == time


def test_times_without_a_zone_are_those_of_the_configured_one() -> None:
    """Summer time included; a time that says its zone is not changed."""
    assert parsed("Aug  1 12:00:00 web1 app: x", timezone="Europe/Berlin").time == "2023-08-01T10:00:00.000Z"
    assert parsed("2024-01-01T12:00:00 web1 app: x", timezone="Europe/Berlin").time == "2024-01-01T11:00:00.000Z"
    assert parsed("2024-01-01T12:00:00Z web1 app: x", timezone="Europe/Berlin").time == "2024-01-01T12:00:00.000Z"
    local = datetime(2024, 1, 1, 12).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert parsed("Jan  1 12:00:00 web1 app: x", timezone=None).time == local


def test_a_line_is_read_as_its_programs() -> None:
    """The fields of the message lie beside those of the header."""
    found = parsed("Jan  1 06:25:01 web1 sshd[9]: Invalid user eve from 192.0.2.7 port 4022")
    assert found.data == {
        "message": "Invalid user eve from 192.0.2.7 port 4022",
        "host.hostname": "web1",
        "process.name": "sshd",
        "process.pid": 9,
        "event.action": "ssh_invalid_user",
        "event.outcome": "failure",
        "source.ip": "192.0.2.7",
        "source.port": 4022,
        "user.name": "eve",
    }
    assert (found.type, found.source.service) == ("log.sshd", "sshd")


def test_a_program_that_logs_in_another_format_is_read_in_that() -> None:
    """A web server that logs to syslog is a web server; one that says something else is read as syslog."""
    found = parsed(
        'Jan  1 06:25:01 web1 nginx[9]: 192.0.2.7 - - [01/Jan/2024:06:25:01 +0000] "GET /a HTTP/1.1" 404 1 "-" "-"'
    )
    assert found.source == ("nginx", "webserver", "access")
    assert found.data["host.hostname"] == "web1"
    assert found.data["url.path"] == "/a"
    assert parsed("Jan  1 06:25:01 web1 nginx[9]: reload").source.service == "syslog"
    found = parsed("Jan  1 06:25:01 web1 audispd: type=USER_LOGIN msg=audit(1704090301.000:7): pid=1")
    assert found.source == ("linux", "", "auditd")


def test_in_auth_log_what_is_not_known_is_auth() -> None:
    """The log source of lines whose program has none is that of the file."""
    assert parsed("Jan  1 06:25:01 web1 app: x", "auth").source == ("linux", "", "auth")
    assert parsed("Jan  1 06:25:01 web1 sudo: ann : TTY=a ; COMMAND=/bin/ls", "auth").source == ("linux", "", "sudo")


@pytest.mark.parametrize(
    ("name", "line", "action"),
    [
        ("sshd", "Invalid user eve from 192.0.2.7 port 4022", "ssh_invalid_user"),
        ("sshd", "Jan  1 06:25:01 web1 sshd[9]: Invalid user eve from 192.0.2.7 port 4022", "ssh_invalid_user"),
        ("sudo", "ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls", "sudo_command"),
    ],
)
def test_a_programs_own_file_needs_no_header(name: str, line: str, action: str) -> None:
    """As `sshd -E` writes it."""
    found = parsed(line, name)
    assert found.data["event.action"] == action
    assert found.data["process.name"] == name
