"""Patterns from configuration."""

import time
from typing import Any

import pytest
from pydantic import ValidationError

from collectors.formats.grok import PATTERNS, compiled
from tests.collectors.contexts import parser

EXAMPLES = {
    "BASE16NUM": ["0x1F", "ab"],
    "DATA": ["", "any thing"],
    "EMAILADDRESS": ["ann@example.org"],
    "GREEDYDATA": ["", "any thing"],
    "HOSTNAME": ["web1", "a-b.example.org"],
    "HTTPDATE": ["04/Mar/2024:06:25:01 +0100"],
    "INT": ["-3", "44"],
    "IP": ["192.0.2.7", "2001:db8::7", "::1"],
    "IPORHOST": ["192.0.2.7", "::1", "web1"],
    "LOGLEVEL": ["WARN", "info", "Critical"],
    "MAC": ["00:1b:2C:3d:4e:5f"],
    "NOTSPACE": ["a;b"],
    "NUMBER": ["1", "-1.5", ".5"],
    "PATH": ["/", "/var/log/x"],
    "POSINT": ["7"],
    "QUOTEDSTRING": ['"a \\"b\\""', "'c'"],
    "SPACE": ["", "  "],
    "SYSLOGTIMESTAMP": ["Mar  4 06:25:01"],
    "TIMESTAMP_ISO8601": ["2024-03-04T06:25:01.1Z", "2024-03-04 06:25:01"],
    "URI": ["https://example.org/a?b"],
    "URIPATH": ["/a/b"],
    "USERNAME": ["ann.b-1"],
    "UUID": ["123e4567-e89b-12d3-a456-426614174000"],
    "WORD": ["GET"],
}


def test_every_name_has_an_example() -> None:
    """And is matched by it as a whole."""
    assert EXAMPLES.keys() == PATTERNS.keys()
    for name, texts in EXAMPLES.items():
        for text in texts:
            assert compiled(f"%{{{name}}}")(text) == {}, (name, text)


@pytest.mark.parametrize(
    ("pattern", "line", "fields"),
    [
        ("%{IP:source.ip} %{WORD:user.name}", "192.0.2.7 ann", {"source.ip": "192.0.2.7", "user.name": "ann"}),
        ("%{NUMBER:a} %{INT:b} %{NUMBER:c:string}", "1.5 7 3", {"a": 1.5, "b": 7, "c": "3"}),
        ("%{WORD:a:int} %{WORD:b:float}", "12 x", {"a": 12, "b": "x"}),
        ("%{QUOTEDSTRING:said}", '"a b"', {"said": "a b"}),
        (r"(?P<user>\w+)@(?<host>\w+)", "ann@web1", {"user": "ann", "host": "web1"}),
        (r"(?:%{IP:a}|-) x", "- x", {}),
        (r"a\(?<b> %{WORD:c}", "a(<b> d", {"c": "d"}),
        ("%{INT:a}", "1" * 40, {"a": "1" * 40}),
        ("%{WORD:a}", "two words", None),
    ],
)
def test_places_are_fields(pattern: str, line: str, fields: dict[str, Any] | None) -> None:
    """Numbers are numbers, quotes are left out, and what took no part is not there."""
    assert compiled(pattern)(line) == fields


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("%{IPX:a}", "%{IPX:a}: expected one of BASE16NUM, "),
        ("%{IP:a:bool}", "expected int, float or string, got 'bool'"),
        ("(", "missing )"),
        ("(?=a)b", "invalid"),
    ],
)
def test_a_pattern_that_is_wrong_is_refused(pattern: str, complaint: str) -> None:
    """The configuration says which, and what was expected."""
    with pytest.raises(ValidationError, match=r"pattern") as refused:
        parser("pattern", patterns=[pattern])
    assert complaint in str(refused.value)


def test_the_first_pattern_that_describes_the_line_counts() -> None:
    """What it finds becomes fields, with the time and the log source as for JSON."""
    reader = parser(
        "pattern",
        patterns=["%{HTTPDATE:when} %{IP:source.ip} %{WORD:verb}", "%{SYSLOGTIMESTAMP:when} %{GREEDYDATA:message}"],
        time="when",
        timezone="UTC",
        rename={"verb": "http.request.method"},
        product="shop",
    )
    (found,) = reader.parse("04/Mar/2024:06:25:01 +0100 192.0.2.7 GET", 0)
    assert found.data == {
        "message": "04/Mar/2024:06:25:01 +0100 192.0.2.7 GET",
        "when": "04/Mar/2024:06:25:01 +0100",
        "source.ip": "192.0.2.7",
        "http.request.method": "GET",
    }
    assert (found.type, found.source, found.time) == ("log.pattern", ("shop", "", ""), "2024-03-04T05:25:01.000Z")
    (found,) = reader.parse("Mar  4 06:25:01 started", 1_709_600_000_000)
    assert (found.data["message"], found.time) == ("started", "2024-03-04T06:25:01.000Z")
    assert reader.parse("other", 0) == []


def test_no_pattern_takes_long() -> None:
    """RE2 takes as long as the line is, whatever the pattern."""
    reader = parser("pattern", patterns=["(%{DATA:a}%{DATA:b})*(x+x+)+y"])
    started_s = time.process_time()
    assert reader.parse("x" * 65536, 0) == []
    assert time.process_time() - started_s < 2
