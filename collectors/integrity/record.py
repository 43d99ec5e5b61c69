"""What is known of one path: what it is, its content as a digest, its attributes, and the stat by which a change is
noticed without reading it."""

import hashlib
import os
import stat
from collections.abc import Callable
from operator import attrgetter

import msgspec

_CHUNK_BYTES = 1 << 20
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

FILE, DIR, SYMLINK, OTHER = "file", "dir", "symlink", "other"


class Record(msgspec.Struct, frozen=True, array_like=True):
    """`sha256` is None for what has no content, is too large or may not be read. Times are in nanoseconds; of a folder,
    size and times are 0, for they change with what is in it, which has records of its own."""

    type: str
    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    ctime_ns: int
    device: int
    inode: int
    target: str | None = None
    sha256: str | None = None

    def has(self, found: os.stat_result) -> bool:
        """Whether the path still has the stat that it had, so that nothing need be read."""
        return self.looks_like(_record(found))

    def looks_like(self, other: "Record") -> bool:
        """Whether both have one stat, whatever there is to read."""
        return _SEEN(self) == _SEEN(other)


_SEEN = attrgetter("ctime_ns", "mtime_ns", "size", "inode", "device", "mode", "uid", "gid", "type")


def look(path: bytes, max_bytes: int) -> Record:
    """What the path is now, read where it is a file of at most so many bytes. Raises `OSError`."""
    found = _record(os.lstat(path))
    if found.type == SYMLINK:
        return msgspec.structs.replace(found, target=os.readlink(path).decode(errors="replace"))  # noqa: PTH115
    if found.type != FILE or found.size > max_bytes:
        return found
    try:
        descriptor = os.open(path, _FLAGS)
    except PermissionError:
        return found
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123, of a descriptor
        found = _record(os.fstat(descriptor))
        if found.type != FILE:
            return found
        return msgspec.structs.replace(found, sha256=_digest(file.read, max_bytes))


def _digest(read: Callable[[int], bytes | None], max_bytes: int) -> str | None:
    """None where there is more than that of it."""
    digest, left = hashlib.sha256(), max_bytes
    while chunk := read(_CHUNK_BYTES):
        left -= len(chunk)
        if left < 0:
            return None
        digest.update(chunk)
    return digest.hexdigest()


def _record(found: os.stat_result) -> Record:
    kind = _type(found.st_mode)
    is_dir = kind == DIR
    return Record(
        type=kind,
        mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
        size=0 if is_dir else found.st_size,
        mtime_ns=0 if is_dir else found.st_mtime_ns,
        ctime_ns=0 if is_dir else found.st_ctime_ns,
        device=found.st_dev,
        inode=found.st_ino,
    )


def _type(mode: int) -> str:
    if stat.S_ISREG(mode):
        return FILE
    if stat.S_ISDIR(mode):
        return DIR
    return SYMLINK if stat.S_ISLNK(mode) else OTHER
