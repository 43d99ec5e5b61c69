"""One open log file, read from an offset on.

It follows the file, not its name: what a name stands for is the tail's business.
"""

import errno
import os
import stat
from pathlib import Path

from collectors.log.identity import FileIdentity, begins_alike, identify
from collectors.log.lines import Line, LineSplitter

_CHUNK_BYTES = 64 * 1024
_TRACE_BYTES = 64


FileKey = tuple[int, int]


def key_of(found: os.stat_result) -> FileKey:
    """Device and inode: what tells files apart while they exist."""
    return found.st_dev, found.st_ino


class LogFile:
    """Reads complete lines. It keeps a trace of what it read last, by which it notices that the file was rewritten."""

    def __init__(self, descriptor: int, limit: int, offset: int, life: int) -> None:
        self._descriptor = descriptor
        self._limit = limit
        self._identity: FileIdentity | None = None
        self._lines = LineSplitter(offset, limit)
        self._trace = self._before(offset)
        self.key = key_of(os.fstat(descriptor))
        self.life = life

    @classmethod
    def open(cls, path: Path, limit: int, offset: int = 0, life: int = 0) -> "LogFile":
        """Raises `OSError`."""
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "Not a regular file", str(path))
        return cls(descriptor, limit, offset, life)

    def begun_again(self) -> "LogFile":
        """The same file read from its beginning, as what it holds since it was truncated."""
        return LogFile(os.dup(self._descriptor), self._limit, 0, self.life + 1)

    @property
    def identity(self) -> FileIdentity:
        """Which file this is; asked for when there is a line."""
        if self._identity is None:
            self._identity = identify(self._descriptor, self.life)
        return self._identity

    @property
    def resumable_at(self) -> int:
        """Offset from which another reader would miss nothing: where the open line begins."""
        return self._lines.start

    def is_as(self, identity: FileIdentity, offset: int) -> bool:
        """Whether this is the file with `identity`, or a copy of it, and goes on from `offset`."""
        return begins_alike(self._descriptor, identity, offset)

    def is_copy_of(self, other: "LogFile") -> bool:
        """Whether this file holds, at the same offset, what was last read from the other."""
        position = other._lines.position
        return self.size() >= position and self._before(position) == other._trace

    def was_truncated(self) -> bool:
        """Whether what was read is no longer there: the file was cut off, and may have grown again since."""
        position = self._lines.position
        return self.size() < position or self._before(position) != self._trace

    def read(self) -> list[Line]:
        """The next complete lines; none at the end of the file, or while a line is longer than a chunk."""
        chunk = os.pread(self._descriptor, _CHUNK_BYTES, self._lines.position)
        lines = self._lines.feed(chunk)
        self._trace = (self._trace + chunk[-_TRACE_BYTES:])[-_TRACE_BYTES:]
        return lines

    def finish(self) -> list[Line]:
        """The last line, where it has no newline and will not get one."""
        line = self._lines.finish()
        return [line] if line else []

    def at_end(self) -> bool:
        """Whether everything in the file has been read."""
        return self.size() <= self._lines.position

    def size(self) -> int:
        """Bytes in the file."""
        return os.fstat(self._descriptor).st_size

    def modified_ms(self) -> int:
        """When it was last written to, Unix milliseconds."""
        return os.fstat(self._descriptor).st_mtime_ns // 1_000_000

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _before(self, position: int) -> bytes:
        start = max(0, position - _TRACE_BYTES)
        return os.pread(self._descriptor, position - start, start)


def last_line_start(path: Path, limit: int) -> int:
    """Offset of the line that has no newline yet, or of the end of the file; looks `limit` bytes back."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = file.seek(max(0, size - limit))
        newline = file.read(size - start).rfind(b"\n")
    return start + newline + 1 if newline >= 0 or start == 0 else size
