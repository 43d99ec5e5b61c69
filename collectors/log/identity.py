"""Which file an offset belongs to, when names move from file to file.

A file is known by device, inode and a digest of how it begins. Inodes are used again, and a copy has another one, so
neither suffices alone. What is digested is the first line (or as much as `_HEAD_BYTES` of it), which is the same
whenever it is looked at, however the file grows.
"""

import hashlib
import os
from typing import NamedTuple

_HEAD_BYTES = 1024


class FileIdentity(NamedTuple):
    """The digest covers the first `head_length` bytes. `life` tells apart what one inode held, one after the other."""

    device: int
    inode: int
    head_length: int
    head_digest: str
    life: int

    def __str__(self) -> str:
        return ":".join(str(field) for field in self)


def identify(descriptor: int, life: int = 0) -> FileIdentity:
    """The identity of an open file that holds at least one line."""
    stat = os.fstat(descriptor)
    first, newline, _ = os.pread(descriptor, _HEAD_BYTES, 0).partition(b"\n")
    head = first + newline
    return FileIdentity(stat.st_dev, stat.st_ino, len(head), _digest(head), life)


def parse(text: str) -> FileIdentity | None:
    """The identity that `str` wrote; None for anything else."""
    try:
        device, inode, head_length, head_digest, life = text.split(":")
        return FileIdentity(int(device), int(inode), int(head_length), head_digest, int(life))
    except ValueError:
        return None


def begins_alike(descriptor: int, identity: FileIdentity, offset: int) -> bool:
    """Whether the open file begins as `identity` says, and a line begins (or the file ends) at `offset`."""
    if _digest(os.pread(descriptor, identity.head_length, 0)) != identity.head_digest:
        return False
    size = os.fstat(descriptor).st_size
    return 0 <= offset <= size and (offset in {0, size} or os.pread(descriptor, 1, offset - 1) == b"\n")


def _digest(head: bytes) -> str:
    return hashlib.blake2b(head, digest_size=8).hexdigest()
