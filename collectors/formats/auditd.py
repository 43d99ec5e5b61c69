"""Events of the Linux audit system, whose records are lines of their own and are joined by their serial number.

All keys stay under their own names: one that several records have is a list, and so is `type`. Beside them are the
fields that say the same for whoever does not know audit, and what can be told of the log source.
"""

from collections.abc import Sequence
from posixpath import join

from collectors.formats.addresses import put_end
from collectors.formats.auditd_record import Record, head_of, joined_arguments, record_of
from collectors.formats.auditd_tables import SINGLE, address_of, syscall_name
from collectors.formats.model import Fields, Format, LogSource, Parsed, Parser, Part
from collectors.formats.settings import NoSettings
from collectors.formats.times import rfc3339

_ANY = LogSource("linux", "", "auditd")
_CATEGORIES = {
    "process_creation": LogSource("linux", "process_creation", "auditd"),
    "network_connection": LogSource("linux", "network_connection", "auditd"),
    "file_event": LogSource("linux", "file_event", "auditd"),
}
_ENDS = frozenset({"EOE", "PROCTITLE"})
_UNKNOWN = frozenset({"", "?", "(null)", "(none)", "unset"})
_SAME = (
    ("comm", "process.name"),
    ("exe", "process.executable"),
    ("tty", "process.tty.name"),
    ("uid", "user.id"),
    ("cwd", "process.working_directory"),
)


class _Joined:
    """How records belong together. The kernel writes PROCTITLE last and then EOE, which not all versions of auditd
    keep; what programs say are events of one record."""

    def part(self, line: str) -> Part | None:
        head = head_of(line)
        if head is None:
            return None
        ends = head.type in _ENDS or head.type.startswith(SINGLE)
        return Part(f"{head.node} {head.time_ms}:{head.serial}", head.time_ms, ends, head.type == "EOE")

    def parse(self, lines: list[str]) -> Parsed:
        return _event(lines)


def parse_record(line: str) -> list[Parsed]:
    """A record alone, as an event."""
    return [_event([line])] if head_of(line) else []


def _event(lines: Sequence[str]) -> Parsed:
    heads = [head for line in lines if (head := head_of(line))]
    records = joined_arguments([record_of(line, head) for line, head in zip(lines, heads, strict=True)])
    data: Fields = {"message": "\n".join(lines), "event.sequence": heads[0].serial}
    _put_raw(data, records)
    first: dict[str, str] = {}
    for record in records:
        for key, value in record.pairs:
            if value not in _UNKNOWN:
                first.setdefault(key, value)
    name = syscall_name(first)
    if name and "SYSCALL" not in data:
        data["SYSCALL"] = name
    data["event.action"] = name or records[0].type.lower()
    _put_process(data, first, records)
    _put_user(data, first)
    category = _put_objects(data, first, records, name)
    return Parsed(data, "log.auditd", _CATEGORIES.get(category, _ANY), rfc3339(heads[0].time_ms))


def _put_raw(data: Fields, records: Sequence[Record]) -> None:
    if node := records[0].node:
        data["host.hostname"] = node
    for record in records:
        for key, value in (("type", record.type), *record.pairs):
            values = value.split("\x01") if key == "key" else [value]
            if key in data:
                earlier = data[key]
                data[key] = (earlier if isinstance(earlier, list) else [earlier]) + values
            else:
                data[key] = values if len(values) > 1 else value


def _put_process(data: Fields, first: dict[str, str], records: Sequence[Record]) -> None:
    for key, ours in _SAME:
        if key in first:
            data[ours] = first[key]
    for key, ours in (("pid", "process.pid"), ("ppid", "process.parent.pid")):
        if (value := first.get(key, "")).isdecimal() and len(value) <= 10:
            data[ours] = int(value)
    arguments = _arguments(records)
    if line := " ".join(arguments) or first.get("cmd") or first.get("proctitle"):
        data["process.command_line"] = line
    if said := first.get("success") or first.get("res"):
        data["event.outcome"] = "success" if said in {"yes", "success", "1"} else "failure"


def _arguments(records: Sequence[Record]) -> list[str]:
    """Of `execve`, in their order, over all records that hold them."""
    found = [pair for record in records if record.type == "EXECVE" for pair in record.pairs]
    return [value for key, value in found if key[0] == "a" and key[1:].isdecimal()]


def _put_user(data: Fields, first: dict[str, str]) -> None:
    """Names are there where a program said one, or where auditd writes them beside the numbers (`ENRICHED`)."""
    name = first.get("acct") or first.get("UID") or ("root" if first.get("uid") == "0" else "")
    if name:
        data["user.name"] = name
    if address := first.get("addr"):
        put_end("source", data, address)


def _put_objects(data: Fields, first: dict[str, str], records: Sequence[Record], name: str) -> str:
    """What was acted on, and the category of the log source that follows; none for what did not succeed."""
    succeeded = data.get("event.outcome") == "success"
    if name in {"execve", "execveat"}:
        return "process_creation" if succeeded else ""
    if peer := address_of(first.get("saddr", "")):
        put_end("source" if name in {"accept", "accept4"} else "destination", data, *peer)
        begun = succeeded or first.get("exit") == "-115"  # in progress: the socket does not wait
        return "network_connection" if begun and name == "connect" else ""
    paths = [dict(record.pairs) for record in records if record.type == "PATH"]
    for wanted in ("CREATE", "DELETE", "NORMAL", "UNKNOWN"):
        for path in paths:
            if path.get("nametype") == wanted and path.get("name", "") not in _UNKNOWN:
                data["file.path"] = join(first.get("cwd", ""), path["name"])
                return "file_event" if succeeded and wanted == "CREATE" else ""
    return ""


FORMAT = Format(
    name="auditd",
    summary="The Linux audit log, `RAW` or `ENRICHED`; the records of one event are joined.",
    example="type=SYSCALL msg=audit(1709533501.120:4711): arch=c000003e syscall=59 success=yes exit=0 a0=55d1 a1=55d2 "
    'a2=55d3 a3=8 items=2 ppid=811 pid=812 auid=1000 uid=0 gid=0 euid=0 tty=pts0 ses=3 comm="cat" exe="/usr/bin/cat" '
    'key="shadow"\ntype=EXECVE msg=audit(1709533501.120:4711): argc=2 a0="cat" a1="/etc/shadow"\n'
    'type=CWD msg=audit(1709533501.120:4711): cwd="/root"\n'
    "type=PROCTITLE msg=audit(1709533501.120:4711): proctitle=636174002F6574632F736861646F77",
    settings=NoSettings,
    build=lambda _: Parser(lambda text, _: parse_record(text), _ANY, _Joined()),
)
