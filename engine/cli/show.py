"""How things are printed: tables for people, JSON for programs, times and ages in words.

Much of what is printed was written by others, attackers among them: nothing of theirs reaches a terminal as a command
to it, and no line break of theirs begins a line of ours.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

_TERMINAL = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Of what JSON does not escape by itself: control characters, and those that reorder the text around them."""


MOST_OF_CELL = 400
MOST_OF_LABEL = 100
"""Characters of what is shown in a table, and of one label in it."""
_PLAIN = re.compile(r"""[^\s"=]+""")


def visible(text: str) -> str:
    r"""One line, in which whatever would command a terminal, reorder the text or break the line is written as an
    escape such as `\x1b`.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def lines(text: str) -> list[str]:
    """The lines of a text, each `visible`."""
    return [visible(line) for line in text.split("\n")]


def say(text: str, *, file: TextIO | None = None) -> None:
    """Print a text of ours in lines, each `visible`; what others wrote into it may begin none of them."""
    print("\n".join(lines(text)), file=file, flush=True)


def as_json(value: Any) -> None:
    """Print one JSON document."""
    print(_TERMINAL.sub(_as_json_escape, msgspec.json.format(msgspec.json.encode(value)).decode()))


def short(text: str, most: int = MOST_OF_CELL) -> str:
    """The beginning of a text that is too long for a screen."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under a header, columns aligned. Of a long cell there is the beginning, or every row would be as long;
    others may have chosen it. `--json` has it whole."""
    cells = [header, *[[("" if cell is None else visible(short(str(cell)))) for cell in row] for row in rows]]
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def labels(pairs: Mapping[str, str], *, without: Sequence[str] = ()) -> str:
    """`a=1 b="2 3"`, in the order of the names: no value can be taken for another label."""
    return " ".join(f"{name}={_label(value)}" for name, value in sorted(pairs.items()) if name not in without)


def _label(value: str) -> str:
    said = visible(short(value, MOST_OF_LABEL))
    return said if _PLAIN.fullmatch(value) else f'"{said.replace(chr(34), chr(92) + chr(34))}"'


def clock(time_ms: int) -> str:
    """Time of day in UTC, with milliseconds."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]


def _as_json_escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def age(duration_ms: int) -> str:
    """A duration in its largest fitting unit: `350ms`, `4.2s`, `7m`, `3h`."""
    for unit, size_ms in (("h", 3_600_000), ("m", 60_000)):
        if duration_ms >= size_ms:
            return f"{duration_ms // size_ms}{unit}"
    return f"{duration_ms / 1000:.1f}s" if duration_ms >= 1000 else f"{duration_ms}ms"


def day(time_ms: int) -> str:
    """Day and time in UTC, to the minute."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
