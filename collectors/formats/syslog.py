"""Lines of syslog: RFC 3164 with or without a year, the same with ISO 8601 times, and RFC 5424.

The header says when, where and which program; what the message says is for `programs`, or for the format in which a
program logs, such as nginx when it logs to syslog.
"""

import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import NamedTuple

from collectors.formats import apache, nginx
from collectors.formats.auditd import parse_record
from collectors.formats.model import Fields, Format, LogSource, Parse, Parsed, Parser
from collectors.formats.programs import SYSLOG, of_program
from collectors.formats.settings import WithTimezone
from collectors.formats.times import from_iso, yearless, zone_of

_TAG = r"(?:(\S*[^\s:]) )?([^\s:\[]{1,256})(?:\[(\d{1,10})\])?: ?(.*)"
"""Host, which some leave out, program, process and message."""
_WHEN = r"((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d)"
_ISO = r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)"
_BSD = re.compile(f"{_WHEN} {_TAG}", re.ASCII | re.DOTALL)
_BSD_ISO = re.compile(f"{_ISO} {_TAG}", re.ASCII | re.DOTALL)
_BSD_BARE = re.compile(f"(?:{_WHEN}|{_ISO}) (\\S+) ?(.*)", re.ASCII | re.DOTALL)
_WITH_YEAR = re.compile(r"([A-Z][a-z]{2} [ \d]\d) (\d{4}) (\d\d:\d\d:\d\d.*)|(\d{4}) ([A-Z][a-z]{2} .*)", re.DOTALL)
_PRIORITY = re.compile(r"<(\d{1,3})>", re.ASCII)
_RFC_5424 = re.compile(
    r'1 (\S+) (\S+) (\S+) (\S+) \S+ (-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+)(?: (?:\ufeff|BOM)?(.*))?', re.DOTALL
)
_ELEMENT = re.compile(r'\[([^\s="\]]+)((?:[^\]"]|"(?:[^"\\]|\\.)*")*)\]', re.DOTALL)
_PARAMETER = re.compile(r' ([^\s="]+)="((?:[^"\\]|\\.)*)"', re.DOTALL)


class Line(NamedTuple):
    """What a header says, of a line or of an entry of the journal; `program` is "" where it names none."""

    time: str | None
    host: str
    program: str
    pid: str
    message: str
    more: Fields


def _elsewhere(text: str, _: int) -> list[Parsed]:
    return parse_record(text)


PAYLOADS: Mapping[str, Parse] = {
    "nginx": nginx.FORMAT.build(WithTimezone()).parse,
    **dict.fromkeys(("apache", "apache2", "httpd"), apache.FORMAT.build(WithTimezone()).parse),
    **dict.fromkeys(("audispd", "audisp-syslog", "audit"), _elsewhere),
}
"""Programs whose messages are lines of a format of their own."""


def _header(zone: tzinfo | None) -> Callable[[str, int], Line | None]:
    when = yearless(zone)

    def read(text: str, now_ms: int) -> Line | None:
        if found := _BSD.fullmatch(text):
            time, host, program, pid, message = found.groups("")
            return Line(when(time, now_ms), host, program, pid, message, {})
        if found := _BSD_ISO.fullmatch(text):
            time, host, program, pid, message = found.groups("")
            return Line(from_iso(time, zone), host, program, pid, message, {})
        return _rarer(text, now_ms)

    def _rarer(text: str, now_ms: int) -> Line | None:
        if found := _PRIORITY.match(text):
            rest, more = text[found.end() :], {"log.syslog.priority": int(found[1])}
            line = _structured(rest, zone) or (None if _PRIORITY.match(rest) else read(rest, now_ms))
            return line and line._replace(more=line.more | more)
        if (found := _WITH_YEAR.fullmatch(text)) and (dated := _dated(found)):
            return read(dated, now_ms)
        if line := _structured(text, zone):
            return line
        if found := _BSD_BARE.fullmatch(text):
            time = when(found[1], now_ms) if found[1] else from_iso(found[2], zone)
            return Line(time, found[3], "", "", found[4], {})
        return None

    return read


def _dated(found: re.Match[str]) -> str | None:
    """`Feb 12 2024 14:10:21 …` or `2024 Feb 12 14:10:21 …`, with the time as in ISO 8601."""
    day, year, rest = (found[1], found[2], found[3]) if found[1] else (found[5][:6], found[4], found[5][7:])
    month = _MONTHS.find(day[:3])
    return f"{year}-{month // 3 + 1:02d}-{day[4:].strip():0>2}T{rest}" if month % 3 == 0 else None


_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


def _structured(text: str, zone: tzinfo | None) -> Line | None:
    found = _RFC_5424.fullmatch(text)
    if found is None:
        return None
    time, host, program, pid, data, message = found.groups("")
    more: Fields = {} if pid.isdigit() or pid == "-" else {"log.syslog.procid": pid}
    if data != "-":
        more["log.syslog.structured_data"] = {
            name: {key: re.sub(r'\\(["\\\]])', r"\1", value) for key, value in _PARAMETER.findall(parameters)}
            for name, parameters in _ELEMENT.findall(data)
        }
    host, program, pid = ("" if said == "-" else said for said in (host, program, pid))
    return Line(from_iso(time, zone), host, program, pid if pid.isdigit() else "", message, more)


def events_of(line: Line, now_ms: int, other: LogSource = SYSLOG) -> list[Parsed]:
    """What the line says: one event, whose fields are those of the header and those of the program's message."""
    header: Fields = {"message": line.message}
    if line.host:
        header["host.hostname"] = line.host
    if line.program:
        header["process.name"] = line.program
    if line.pid:
        header["process.pid"] = int(line.pid)
    header.update(line.more)
    if (payload := PAYLOADS.get(line.program)) and (parsed := payload(line.message, now_ms)):
        return [each._replace(data=header | each.data) for each in parsed]
    said = of_program(line.program, line.message)
    header.update(said.fields)
    return [Parsed(header, said.type, other if said.source == SYSLOG else said.source, line.time)]


def _parser(settings: WithTimezone, other: LogSource, program: str = "") -> Parser:
    """`other` is the log source of unknown programs. With `program`, lines need no header: all are its."""
    header = _header(zone_of(settings.timezone))

    def parse(text: str, now_ms: int) -> list[Parsed]:
        line = header(text, now_ms)
        if line is None and program and text.strip():
            line = Line(None, "", program, "", text, {})
        return events_of(line, now_ms, other) if line else []

    return Parser(parse, other)


def _format(name: str, summary: str, example: str, program: str = "") -> Format:
    service = name if name in ("auth", "sshd", "sudo") else "syslog"
    source = LogSource("linux", "", service)
    return Format(name, summary, example, WithTimezone, lambda settings: _parser(settings, source, program))


FORMATS = (
    _format(
        "syslog",
        "Syslog of any kind, such as `/var/log/syslog` and `/var/log/messages`; each line is read as its program's.",
        "Mar  4 06:25:01 web1 CRON[4711]: (root) CMD (/usr/local/bin/tidy)",
    ),
    _format(
        "auth",
        "Syslog that is about logins and accounts: `/var/log/auth.log`, `/var/log/secure`.",
        "Mar  4 06:25:02 web1 useradd[4712]: new user: name=ann, UID=1001, GID=1001, home=/srv/ann, shell=/bin/bash",
    ),
    _format(
        "sshd",
        "sshd, with a syslog header or without (`sshd -E FILE`).",
        "2024-03-04T06:25:03+01:00 web1 sshd[4713]: Failed password for invalid user bob from 192.0.2.7 port 4022 ssh2",
        "sshd",
    ),
    _format(
        "sudo",
        "sudo, with a syslog header or without.",
        "Mar  4 06:25:04 web1 sudo:      ann : TTY=pts/0 ; PWD=/srv/ann ; USER=root ; COMMAND=/bin/less /etc/shadow",
        "sudo",
    ),
)
