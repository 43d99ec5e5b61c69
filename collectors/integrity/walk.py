"""Which files there are: from patterns to paths, each once. Nothing is opened and no link followed.

Paths are bytes, for a name on a disk need not be text.
"""

import fnmatch
import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence


class Scope:
    """The paths that are watched."""

    def __init__(self, paths: Sequence[str], exclude: Sequence[str]) -> None:
        self._patterns = [os.fsencode(path) for path in paths]
        union = "|".join(fnmatch.translate(pattern) for pattern in exclude)
        self._excluded = re.compile(os.fsencode(union), re.DOTALL) if union else None

    def walk(self) -> Iterator[tuple[bytes, os.stat_result]]:
        """All paths that are there, a folder before what lies in it. What cannot be looked at is passed over."""
        seen: set[bytes] = set()
        for pattern in self._patterns:
            for root in glob.iglob(pattern, recursive=True, include_hidden=True):  # noqa: PTH207, Path has no bytes
                yield from self._below(os.path.normpath(root), seen)

    def _below(self, root: bytes, seen: set[bytes]) -> Iterator[tuple[bytes, os.stat_result]]:
        waiting = [root] if not self._is_excluded_above(root) else []
        while waiting:
            path = waiting.pop()
            if path in seen or self._is_excluded(path):
                continue
            seen.add(path)
            try:
                found = os.lstat(path)
            except OSError:
                continue
            yield path, found
            if stat.S_ISDIR(found.st_mode):
                waiting += [os.path.join(path, name) for name in sorted(_names(path), reverse=True)]  # noqa: PTH118

    def _is_excluded(self, path: bytes) -> bool:
        return self._excluded is not None and self._excluded.match(path) is not None

    def _is_excluded_above(self, path: bytes) -> bool:
        """Whether one of the folders that the path lies in is."""
        parts = path.split(b"/")
        return any(self._is_excluded(b"/".join(parts[:count])) for count in range(2, len(parts)))


def _names(folder: bytes) -> list[bytes]:
    """What lies in it, as far as one may know."""
    try:
        return os.listdir(folder)  # noqa: PTH208, Path has no bytes
    except OSError:
        return []


def is_gone(path: bytes) -> bool:
    """Whether there is nothing of that name; False also where that cannot be known."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
