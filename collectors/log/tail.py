"""The tail of one log: every line once, in order, while its name moves from file to file.

A tail holds the files that are still to be read, oldest first; the last is the one that bears the log's name. Files
join at the end when the log is rotated or truncated and leave at the front when they are finished. That is all the
state there is, and `poll` is its only step: it does not wait and reads no clock.
"""

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from collectors.log.file import FileKey, LogFile, key_of, last_line_start
from collectors.log.identity import FileIdentity, parse
from collectors.log.lines import Line
from collectors.log.rotation import rotated
from schemas.events import Event, time_ms

QUIET_MS = 1_000
"""A renamed file is finished when its successor has content and it has not been written to for this long: more than
one process may write to it, and not all turn to the new file at once."""

FORGET_MS = 60_000
"""A log whose name stands for nothing is let go after this long, so that a deleted file does not fill the disk."""

Start = Literal["beginning", "end"]


class Tail:
    """Follows the log at `path`, beginning with `first`, which may be an earlier file of it. Longer lines than `limit`
    bytes are cut. `resumed`: whether it goes on where it was read before."""

    def __init__(self, path: Path, limit: int, first: LogFile, *, resumed: bool = False) -> None:
        self.resumed = resumed
        self._path = path
        self._limit = limit
        self._files = [first]
        self._missing_since_ms: int | None = None

    def poll(self, now_ms: int) -> list[tuple[FileIdentity, Line]]:
        """The next lines, each with the file it stands in; none when there are none for now.

        Raises `OSError` where a file that should be followed cannot be opened; the next call tries again.
        """
        self._notice_truncation()
        while True:
            file = self._files[0]
            if lines := file.read():
                return [(file.identity, line) for line in lines]
            self._follow_name(now_ms)
            if not self._is_first_finished(now_ms):
                return []
            if rest := self._leave_first():
                return rest

    def forgotten(self, now_ms: int) -> bool:
        """Whether the log has been gone, and its last file silent, for so long that nothing more is to be expected."""
        return (
            self._missing_since_ms is not None
            and now_ms - self._missing_since_ms >= FORGET_MS
            and now_ms - self._files[-1].modified_ms() >= FORGET_MS
        )

    def close(self) -> None:
        """Let go of all files."""
        for file in self._files:
            file.close()

    def _notice_truncation(self) -> None:
        """Go on in the copy that was made before, which has what we had not read yet; failing that, begin again."""
        newest = self._files[-1]
        if newest.was_truncated():
            copies = reversed(rotated(self._path))
            copy = _first(copies, self._limit, newest.resumable_at, newest.life, lambda file: file.is_copy_of(newest))
            self._files[-1] = copy or newest.begun_again()
            newest.close()

    def _follow_name(self, now_ms: int) -> None:
        """Append the files that came after the newest of ours, where the log's name has moved on."""
        try:
            present = key_of(self._path.stat())
        except FileNotFoundError:
            if self._missing_since_ms is None:
                self._missing_since_ms = now_ms
            return
        self._missing_since_ms = None
        newest = self._files[-1]
        if present != newest.key:
            for name in [*_after(newest.key, rotated(self._path)), self._path]:
                self._files.append(LogFile.open(name, self._limit, life=newest.life + 1))
        elif len(self._files) > 1:
            self._notice_copies()

    def _notice_copies(self) -> None:
        """While the newest file waits for the one before it, it may be copied and truncated without having been read,
        which it cannot tell; but its copy lies between the two."""
        *_, before, newest = self._files
        for name in _after(before.key, rotated(self._path)):
            self._files.insert(-1, LogFile.open(name, self._limit, life=newest.life))
            newest.life += 1

    def _is_first_finished(self, now_ms: int) -> bool:
        """Whether nothing more will come in the first file. That a successor has content is asked before whether the
        file was read to its end: a writer that has turned to the one no longer writes to the other."""
        first, *successors = self._files
        return (
            any(file.size() for file in successors)
            and not 0 <= now_ms - first.modified_ms() < QUIET_MS
            and first.at_end()
        )

    def _leave_first(self) -> list[tuple[FileIdentity, Line]]:
        file = self._files.pop(0)
        rest = [(file.identity, line) for line in file.finish()]
        file.close()
        return rest


def open_tail(path: Path, limit: int, start: Start, last: Event | None) -> Tail:
    """A tail that goes on after `last`, the newest event of this log, or else begins at `start`.

    Raises `OSError` where the log cannot be opened.
    """
    identity = parse(last.file) if last and last.file else None
    if last is None or last.offset is None or identity is None:
        return Tail(path, limit, LogFile.open(path, limit, last_line_start(path, limit) if start == "end" else 0))
    found = _find(path, limit, identity, last.offset)
    return Tail(path, limit, found or _successor(path, limit, identity, last), resumed=found is not None)


def _successor(path: Path, limit: int, identity: FileIdentity, last: Event) -> LogFile:
    """The first file that came after the one that was read last, which is gone: new from its beginning. Files that were
    rotated before that one came were not written to after its line was."""
    read_ms = time_ms(last)
    later = [name for name in rotated(path) if read_ms is not None and _modified_ms(name) > read_ms]
    earlier = _first(later, limit, 0, identity.life + 1, lambda _: True)
    return earlier or LogFile.open(path, limit, life=identity.life + 1)


def _find(path: Path, limit: int, identity: FileIdentity, offset: int) -> LogFile | None:
    """The file that had this identity, whatever its name is now; if it was truncated since, the copy made before."""
    key = identity.device, identity.inode
    earlier = rotated(path)
    names = [name for name in [path, *earlier] if key_of(name.stat()) == key]
    if names:
        names += reversed(earlier)
    return _first(names, limit, offset, identity.life, lambda file: file.is_as(identity, offset))


def _first(
    names: Iterable[Path], limit: int, offset: int, life: int, wanted: Callable[[LogFile], bool]
) -> LogFile | None:
    """The first of these files that is the wanted one, to be read from `offset`; one that cannot be opened is not."""
    for name in names:
        with contextlib.suppress(OSError):
            file = LogFile.open(name, limit, offset, life)
            if wanted(file):
                return file
            file.close()
    return None


def _modified_ms(path: Path) -> int:
    return path.stat().st_mtime_ns // 1_000_000


def _after(key: FileKey, names: list[Path]) -> list[Path]:
    """The files that came after the one with `key`; none where that is no longer among them."""
    keys = [key_of(name.stat()) for name in names]
    return names[keys.index(key) + 1 :] if key in keys else []
