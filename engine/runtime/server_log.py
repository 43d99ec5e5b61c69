"""What the embedded server has logged since its start: why it ended, and whether it still stores.

Its log is the only place where a server says that it has stopped storing: it goes on running then, and answers nothing.
"""

from collections import deque
from pathlib import Path

_STORE_FAILURES = ("Critical write error", "JetStream out of", "Can't start JetStream")


class ServerLog:
    """The log file from byte `start` on. As text: its last lines."""

    def __init__(self, path: Path, start: int = 0) -> None:
        self._path = path
        self._position = start
        self._last: deque[str] = deque(maxlen=3)
        self.store_failure: str | None = None

    def read(self) -> None:
        """Take in what has been added since the last time."""
        with self._path.open("rb") as file:
            file.seek(self._position)
            for raw in file:
                if not raw.endswith(b"\n"):
                    break  # still being written
                self._position += len(raw)
                self._take_in(raw.decode(errors="replace").strip())

    def _take_in(self, line: str) -> None:
        self._last.append(line)
        if self.store_failure is None and any(mark in line for mark in _STORE_FAILURES):
            self.store_failure = line

    def __str__(self) -> str:
        return " | ".join(self._last) + f" (see {self._path})"
