"""A log whose lines bear their numbers, written by a program that buffers badly and rotated in every way there is."""

import os
import random
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

KEPT = 12
"""Files, as `rotate` of logrotate has it; more than are rotated while an agent is away."""
LINES_A_USER = 1000

_NUMBER = re.compile(r"port (\d+) ")


def number_of(message: str) -> int:
    """The number of the line that became an event with this message."""
    found = _NUMBER.search(message)
    assert found, message
    return int(found[1])


def line(number: int) -> str:
    """A failed login: of one user for a thousand lines, and then of the next."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    who = f"invalid user u{number // LINES_A_USER} from 192.0.2.7"
    return f"{now} web1 sshd[4713]: Failed password for {who} port {number} ssh2\n"


class NumberedLog:
    """The writing side of the log at `path`. `written` is how many lines there are."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self.path = path
        self.written = 0
        self._chance = chance
        self._file = self._opened()

    def write(self, lines: int) -> None:
        """Append lines, in two pieces that do not end where lines do."""
        text = "".join(line(self.written + number) for number in range(lines))
        cut = self._chance.randrange(len(text))
        os.write(self._file, text[:cut].encode())
        os.write(self._file, text[cut:].encode())
        self.written += lines

    def rename(self) -> None:
        """Rotate as with `create`: the program turns to the new file a little later than it is there."""
        self._shift()
        self.path.rename(self._old(1))
        new = self._opened()
        self.write(self._chance.randrange(1, 30))
        os.close(self._file)
        self._file = new

    def copytruncate(self) -> None:
        """Rotate as with `copytruncate`, while the program holds still: what it wrote in between would be nowhere."""
        self._shift()
        shutil.copyfile(self.path, self._old(1))
        self.truncate()

    def truncate(self) -> None:
        """Empty the log. What nobody has read is lost."""
        os.truncate(self.path, 0)

    def close(self) -> None:
        os.close(self._file)

    def _opened(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def _old(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _shift(self) -> None:
        for number in range(KEPT, 0, -1):
            if self._old(number).exists():
                self._old(number).rename(self._old(number + 1))
        self._old(KEPT + 1).unlink(missing_ok=True)
