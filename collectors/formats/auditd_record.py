"""One record of the Linux audit system: a line of `type=… msg=audit(time:serial): key=value …`.

Values that hold blanks or quotes are written in hexadecimal, which of the keys that may be so nobody can tell from the
value alone: `10` is a number of a system call and, as an argument of `execve`, a character.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

_HEAD = re.compile(r"(?:node=(\S{1,256}) )?type=(\S{1,64}) msg=audit\((\d{1,10})\.(\d{3}):(\d{1,18})\): ?", re.ASCII)
_PAIR = re.compile(
    r"""(?<![\w.\]-])([A-Za-z_][\w.-]{0,63}(?:\[\d{1,6}\])?)=("[^"]*"|\{[^}]{0,256}\}|[^\s]*)""", re.ASCII
)
_MESSAGE = re.compile(r"\bmsg='(.*)'", re.DOTALL)
_HEX = re.compile(r"(?:[0-9A-F]{2})+")
_ARGUMENT = re.compile(r"a\d+(?:\[\d+\])?", re.ASCII)
_PART = re.compile(r"(a\d+)\[\d+\]", re.ASCII)
_ENCODED = frozenset(
    {
        "proctitle",
        "comm",
        "ocomm",
        "exe",
        "cwd",
        "name",
        "key",
        "acct",
        "cmd",
        "data",
        "path",
        "dir",
        "root_dir",
        "file",
    }
)

Pairs = list[tuple[str, str]]


class Record(NamedTuple):
    """Its keys in order, as they came but for quotes and hexadecimal."""

    type: str
    pairs: Pairs
    node: str = ""


class Head(NamedTuple):
    """`time_ms` (Unix) and `serial` together are the same in all records of an event."""

    node: str
    type: str
    time_ms: int
    serial: int
    end: int


def head_of(line: str) -> Head | None:
    """What a record begins with; None where the line is no record."""
    found = _HEAD.match(line)
    if found is None:
        return None
    node, kind, seconds, milliseconds, serial = found.groups("")
    return Head(node, kind, int(seconds) * 1000 + int(milliseconds), int(serial), found.end())


def record_of(line: str, head: Head) -> Record:
    """The record of a line that begins with `head`."""
    text, pairs = line[head.end :].replace("\x1d", " "), []
    if said := _MESSAGE.search(text):  # what a program said to the audit system: keys within
        text = f"{text[: said.start()]} {said[1]} {text[said.end() :]}"
    for key, value in _PAIR.findall(text):
        pairs.append((key, _plain(head.type, key, value)))
    return Record(head.type, pairs, head.node)


def _plain(kind: str, key: str, value: str) -> str:
    if value[:1] == '"' and value[-1:] == '"':
        return value[1:-1]
    encoded = _ARGUMENT.fullmatch(key) if kind == "EXECVE" else key in _ENCODED
    if not encoded or not _HEX.fullmatch(value):
        return value
    text = bytes.fromhex(value).decode(errors="replace")
    return text.rstrip("\0").replace("\0", " ") if key == "proctitle" else text


def joined_arguments(records: Sequence[Record]) -> list[Record]:
    """With all arguments of `execve` in one record, and each of them whole: `a1_len=… a1[0]=… a1[1]=…` is a long one
    that the kernel divided, over several records where need be."""
    arguments: dict[str, str] = {}
    joined = []
    for record in records:
        if record.type != "EXECVE":
            joined.append(record)
            continue
        if not arguments:
            joined.append(record._replace(pairs=[]))
        for key, value in record.pairs:
            part = _PART.fullmatch(key)
            name = part[1] if part else key
            arguments[name] = arguments.get(name, "") + value if part else value
    return [each._replace(pairs=list(arguments.items())) if each.type == "EXECVE" else each for each in joined]
