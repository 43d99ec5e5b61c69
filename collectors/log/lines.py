"""Bytes in, lines out: where lines begin and end, however the bytes come in pieces.

No files, no text, no meaning of a line: only its bytes and its place.
"""

from typing import NamedTuple


class Line(NamedTuple):
    """A line without its newline. `end` is the offset after the newline, where the next line begins.

    `cut` says that `content` is only the beginning of a line longer than the limit.
    """

    start: int
    end: int
    content: bytes
    cut: bool = False


class LineSplitter:
    """Splits a stream that begins at `offset` of its file; keeps at most `limit` bytes of the line that is open."""

    def __init__(self, offset: int, limit: int) -> None:
        self._start = offset
        self._limit = limit
        self._length = 0
        self._content = bytearray()

    @property
    def start(self) -> int:
        """Offset at which the open line begins."""
        return self._start

    @property
    def position(self) -> int:
        """Offset of the next byte to feed."""
        return self._start + self._length

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that `chunk` completes."""
        lines = []
        *complete, rest = chunk.split(b"\n")
        for piece in complete:
            self._extend(piece)
            lines.append(self._close(newline_length=1))
        self._extend(rest)
        return lines

    def finish(self) -> Line | None:
        """The open line, if there is any of it, when no newline is to come any more."""
        return self._close(newline_length=0) if self._length else None

    def _extend(self, piece: bytes) -> None:
        self._content += piece[: self._limit - len(self._content)]
        self._length += len(piece)

    def _close(self, newline_length: int) -> Line:
        end = self.position + newline_length
        line = Line(self._start, end, bytes(self._content), self._length > self._limit)
        self._start, self._length = end, 0
        self._content.clear()
        return line
