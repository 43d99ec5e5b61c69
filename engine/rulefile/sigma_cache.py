"""Sigma rules as they were read the last time, so that thousands of them are there at once.

Kept by file, under a digest of its text, and only for the translation and the parser that read it. In memory, and where
there is a folder in one file there; what that file holds is believed only if it is whole.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from importlib.resources import files as resources
from pathlib import Path

import msgspec

from engine.sigma.documents import Document
from engine.sigma.parse import Parser
from engine.sigma.parts import Parts
from engine.sigma.resolve import Resolved
from engine.sigma.translation import Translation

FILE = "sigma.cache"
Reader = Callable[[str, str], Iterable[Document]]
"""The documents of a path and its text."""
_CHECK_BYTES = 32
_READERS = ("engine.sigma", "engine.rulefile", "schemas")


class _Kept(msgspec.Struct, array_like=True):
    """`made_by`: a digest of all that reading depends on beside the texts. `files` are by digest of the text."""

    made_by: bytes
    files: dict[bytes, Parts]


class SigmaCache:
    """What has been read, in this process or before it."""

    def __init__(self, folder: Path | None = None) -> None:
        self._path = folder / FILE if folder else None
        self._kept = _Kept(b"", {})
        self._saved: set[bytes] = set()

    def parse(self, files: Mapping[str, str], read: Reader, translation: Translation) -> Resolved:
        """The rules of files (path → text), as `engine.sigma.parse.parse` gives them. Raises PipelineError, and what
        `read` raises.
        """
        parser = Parser(translation)
        known = self._known(_made_by(translation))
        digests = {path: hashlib.sha256(text.encode("utf-8", "replace")).digest() for path, text in files.items()}
        for path, digest in digests.items():
            if digest not in known:  # kept at once, as the next file may be one that cannot be read
                known[digest] = parser.parts(read(path, files[path]))
        self._keep({digest: known[digest] for digest in digests.values()})
        return parser.resolve({path: known[digest] for path, digest in digests.items()})

    def _known(self, made_by: bytes) -> dict[bytes, Parts]:
        if self._kept.made_by != made_by and self._path:
            self._kept = _load(self._path)
            self._saved = set(self._kept.files)
        if self._kept.made_by != made_by:
            self._kept = _Kept(made_by, {})
            self._saved = set()
        return self._kept.files

    def _keep(self, files: dict[bytes, Parts]) -> None:
        """What was not asked for is forgotten, so that the cache is never larger than the rules."""
        self._kept.files = files
        if files.keys() != self._saved and self._path:
            self._saved = set(files)
            # Without it the next start takes longer, and that is all.
            with contextlib.suppress(OSError):
                _save(self._path, self._kept)


def _made_by(translation: Translation) -> bytes:
    found = hashlib.sha256(f"{version('pysigma')} {version('google-re2')}".encode())
    readers = [each for package in _READERS for each in resources(package).iterdir()]
    for source in sorted(readers, key=lambda source: source.name):
        if source.name.endswith(".py"):
            found.update(source.read_bytes())
    found.update(msgspec.msgpack.encode(translation, order="deterministic"))
    return found.digest()


def _load(path: Path) -> _Kept:
    """What is there, or nothing where there is nothing, or nothing whole."""
    try:
        content = path.read_bytes()
        check, encoded = content[:_CHECK_BYTES], content[_CHECK_BYTES:]
        if hashlib.sha256(encoded).digest() == check:
            return msgspec.msgpack.decode(encoded, type=_Kept)
    except (OSError, msgspec.DecodeError):
        pass
    return _Kept(b"", {})


def _save(path: Path, kept: _Kept) -> None:
    """Whole or not at all: under another name first."""
    encoded = msgspec.msgpack.encode(kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{FILE}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(encoded).digest() + encoded)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
