"""Reads rule files from disk."""

import codecs
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from engine.rulefile.errors import RuleError, RuleErrors

_SUFFIXES = (".yaml", ".yml")
_NAMED_TEST = re.compile(r"(^|[_.-])tests?$")
_SIGMA = re.compile(r"^(detection|correlation)[ \t]*:", re.MULTILINE)
_BESIDE = frozenset({"routes", "workloads"})
"""Files that live beside the rules and are not rule files."""


def read(paths: Sequence[Path]) -> dict[str, str]:
    """The text of each rule file, by its path as given.

    A file that is named is read. Of a folder all `*.yaml` and `*.yml` below it are read, except unit tests
    (`*_test.yaml`, `*_tests.yaml`, but for Sigma rules), `routes` and `workloads`, and what is hidden or in a
    hidden folder.
    Raises RuleErrors for what cannot be read.
    """
    texts: dict[str, str] = {}
    errors: list[RuleError] = []
    for path in _rule_files(paths):
        try:
            text = _decoded(path.read_bytes())
            if path in paths or not _is_test(path, text):
                texts[path.as_posix()] = text
        except UnicodeDecodeError as error:
            errors.append(_not_utf8(path, error))
        except OSError as error:
            errors.append(RuleError(path.as_posix(), 1, 1, f"cannot be read: {error.strerror}"))
    if errors:
        raise RuleErrors(errors)
    return texts


def state_of(paths: Sequence[Path]) -> tuple[tuple[str, int, int, int], ...]:
    """What tells cheaply whether anything has changed: each file with its inode, size and time of change."""
    return tuple(_stat_of(path) for path in _rule_files(paths))


def _stat_of(path: Path) -> tuple[str, int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0, 0
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns


def _rule_files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(_below(path))
        else:
            yield path


def _below(folder: Path) -> Iterator[Path]:
    """The rule files of a folder; there can be thousands, and they are looked for again and again."""
    for where, folders, names in os.walk(folder):
        # A mounted ConfigMap keeps each version of its files in a hidden folder beside the links to the current ones.
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(where, name) for name in names if name.endswith(_SUFFIXES) and not name.startswith(".")):
            if path.stem not in _BESIDE and path.is_file():
                yield path


def _is_test(path: Path, text: str) -> bool:
    """By its name, but a Sigma rule may be about a test."""
    return bool(_NAMED_TEST.search(path.stem)) and not _SIGMA.search(text)


def _decoded(content: bytes) -> str:
    """UTF-8, or as YAML has it UTF-16 with a byte order mark."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8")


def _not_utf8(path: Path, error: UnicodeDecodeError) -> RuleError:
    before = bytes(error.object[: error.start]).decode("utf-8")
    column = len(before) - before.rfind("\n")
    byte = error.object[error.start]
    return RuleError(path.as_posix(), before.count("\n") + 1, column, f"expected UTF-8, got the byte 0x{byte:02X}")
