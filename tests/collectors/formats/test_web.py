"""Access and error logs of web servers."""

from typing import Any

import pytest

from collectors.formats.model import Parsed
from tests.collectors.contexts import parser

DATE = "[04/Mar/2024:06:25:01 +0100]"


def parsed(line: str, name: str = "nginx") -> Parsed:
    (found,) = parser(name, timezone="UTC").parse(line, 0)
    assert found.data.pop("message") == line
    return found


GET = {
    "source.ip": "192.0.2.7",
    "http.request.method": "GET",
    "url.original": "/cart?id=7&x=%20",
    "url.path": "/cart",
    "url.query": "id=7&x=%20",
    "http.version": "1.1",
    "http.response.status_code": 200,
    "http.response.body.bytes": 153,
    "event.outcome": "success",
}
ASKED = f'{DATE} "GET /cart?id=7&x=%20 HTTP/1.1" 200 153'


@pytest.mark.parametrize("name", ["nginx", "apache"])
@pytest.mark.parametrize(
    ("line", "more"),
    [
        (f"192.0.2.7 - - {ASKED}", {}),
        (f"192.0.2.7 - ann {ASKED}", {"user.name": "ann"}),
        (f"192.0.2.7 - ann of shop {ASKED}", {"user.name": "ann of shop"}),
        (
            f'192.0.2.7 - - {ASKED} "https://example.org/" "curl/8.5.0"',
            {"http.request.referrer": "https://example.org/", "user_agent.original": "curl/8.5.0"},
        ),
        (f'192.0.2.7 - - {ASKED} "-" "-"', {}),
        (f'192.0.2.7 - - {ASKED} "-" "a \\"b\\" c" "10.0.0.1" 0.003', {"user_agent.original": 'a \\"b\\" c'}),
        (f'www.example.org:443 192.0.2.7 - - {ASKED} "-" "-"', {"url.domain": "www.example.org"}),
        (f'www.example.org 192.0.2.7 - ann {ASKED} "-" "-"', {"url.domain": "www.example.org", "user.name": "ann"}),
    ],
)
def test_access(name: str, line: str, more: dict[str, Any]) -> None:
    """Common and combined, with the virtual host before and whatever else behind."""
    found = parsed(line, name)
    assert found.data == GET | more
    assert (found.type, found.source) == (f"log.{name}.access", (name, "webserver", "access"))
    assert found.time == "2024-03-04T05:25:01.000Z"


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ("\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\xFC\\x03\\x03", {}),
        ("", {}),
        ("-", {}),
        ("SSH-2.0-Go", {}),
        ("GET /a b HTTP/1.1", {"http.request.method": "GET", "url.original": "/a b", "url.path": "/a b"}),
        ("GET /", {"http.request.method": "GET", "url.original": "/", "url.path": "/"}),
        (
            "GET http://ann@example.org:80/a?b HTTP/1.1",
            {
                "http.request.method": "GET",
                "url.original": "http://ann@example.org:80/a?b",
                "url.domain": "example.org",
                "url.path": "/a",
                "url.query": "b",
            },
        ),
        (
            "CONNECT example.org:443 HTTP/1.1",
            {"http.request.method": "CONNECT", "url.original": "example.org:443", "url.domain": "example.org"},
        ),
    ],
)
def test_requests_of_all_kinds(asked: str, fields: dict[str, str]) -> None:
    """What is no request, such as the beginning of a TLS handshake, says who came and what was answered."""
    found = parsed(f'2001:db8::7 - - {DATE} "{asked}" 400 157 "-" "-"')
    found.data.pop("http.version", None)
    answer = {"http.response.status_code": 400, "http.response.body.bytes": 157, "event.outcome": "failure"}
    assert found.data == {"source.ip": "2001:db8::7", **fields, **answer}


@pytest.mark.parametrize("head", ["Mar 14 06:25:01 web1 nginx[7]: ", "<13>2024-03-04T06:25:01Z web1 nginx: "])
def test_a_header_of_syslog_is_passed_over(head: str) -> None:
    """It is not taken for a client and a user, and names the host."""
    line = f"192.0.2.7 - - {ASKED}"
    (found,) = parser("nginx").parse(head + line, 0)
    assert found.data == {"host.hostname": "web1", "message": line, **GET}


def test_a_raw_handshake_is_read_too() -> None:
    """Some servers write the bytes as they came."""
    found = parsed(f'192.0.2.7 - - {DATE} "\x16\x03\x01\0\ufffd" 400 -')
    assert found.data == {"source.ip": "192.0.2.7", "http.response.status_code": 400, "event.outcome": "failure"}


def test_errors_of_nginx() -> None:
    """Who asked for what, and what went wrong. What a client puts into its request is not taken for who it is."""
    found = parsed(
        '2024/03/04 06:25:01 [error] 12#13: *90 open() "/srv/x, client: 203.0.113.9" failed (2: No such file or '
        'directory), client: 192.0.2.7, server: _, request: "GET /x, client: 203.0.113.9 HTTP/1.1", host: "a.org:80", '
        'referrer: "http://b.org/"'
    )
    assert found.data.pop("event.reason").startswith('open() "/srv/x')
    assert found.data == {
        "log.level": "error",
        "process.pid": 12,
        "process.thread.id": 13,
        "source.ip": "192.0.2.7",
        "http.request.method": "GET",
        "url.original": "/x, client: 203.0.113.9",
        "url.path": "/x, client: 203.0.113.9",
        "http.version": "1.1",
        "url.domain": "a.org",
        "http.request.referrer": "http://b.org/",
    }
    assert (found.source, found.time) == (("nginx", "webserver", "nginx"), "2024-03-04T06:25:01.000Z")
    plain = parsed("2024/03/04 06:25:01 [alert] 12#12: worker process 13 exited on signal 6 (core dumped)")
    assert plain.data["event.reason"] == "worker process 13 exited on signal 6 (core dumped)"


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (
            "[Mon Mar 04 06:25:01.123456 2024] [authz_core:error] [pid 12:tid 140] [client 192.0.2.7:4022] AH01630: "
            "client denied by server configuration: /srv, referer: http://b.org/",
            {
                "log.level": "error",
                "apache.module": "authz_core",
                "process.pid": 12,
                "process.thread.id": 140,
                "source.ip": "192.0.2.7",
                "source.port": 4022,
                "event.code": "AH01630",
                "event.reason": "AH01630: client denied by server configuration: /srv",
                "http.request.referrer": "http://b.org/",
            },
        ),
        (
            "[Mon Mar  4 06:25:01 2024] [error] [client 2001:db8::7] File does not exist: /srv/x",
            {"log.level": "error", "source.ip": "2001:db8::7", "event.reason": "File does not exist: /srv/x"},
        ),
        (
            "[Mon Mar 04 06:25:01.1 2024] [core:notice] [pid 12] AH00052: child pid 13 exit signal Aborted (6)",
            {
                "log.level": "notice",
                "apache.module": "core",
                "process.pid": 12,
                "event.code": "AH00052",
                "event.reason": "AH00052: child pid 13 exit signal Aborted (6)",
            },
        ),
    ],
)
def test_errors_of_apache(line: str, fields: dict[str, Any]) -> None:
    """Of 2.4, which gives module, process and port, and of 2.2, which does not."""
    found = parsed(line, "apache")
    assert found.data == fields
    assert found.source == ("apache", "webserver", "apache")
    assert found.time is not None
    assert found.time.startswith("2024-03-04T06:25:01.")


@pytest.mark.parametrize("line", ["", "what", '192.0.2.7 - - [x] "GET / HTTP/1.1"', "[Mon] [error] x", "2024/03/04 x"])
def test_what_is_neither_does_not_fit(line: str) -> None:
    """It becomes a mere line."""
    assert parser("nginx").parse(line, 0) == []
    assert parser("apache").parse(line, 0) == []
