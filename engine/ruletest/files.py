"""Test files on disk, and the rule files that they name. The only module of the package that touches it."""

import glob
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from engine.rulefile import RuleError, RuleErrors

_SUFFIXES = (".yaml", ".yml")
_TEST = re.compile(r"(^|[_.-])tests?$")


def find(paths: Iterable[Path]) -> Iterator[Path]:
    """The test files: those that are named, and of a folder all below it that are named like one (`*_test.yaml`)."""
    for path in paths:
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*") if _is_test_file(found, path))
        else:
            yield path


def _is_test_file(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix in _SUFFIXES and bool(_TEST.search(path.stem)) and not hidden


def text_of(path: Path) -> str:
    """Raises RuleErrors where the file cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RuleErrors([RuleError(path.as_posix(), 1, 1, "expected UTF-8")]) from error
    except OSError as error:
        raise RuleErrors([RuleError(path.as_posix(), 1, 1, f"cannot be read: {error.strerror}")]) from error


def rule_files(test_file: Path, patterns: Sequence[str]) -> dict[str, list[Path]]:
    """The files that each pattern names, seen from the folder of the test file. A pattern may name none."""
    named: dict[str, list[Path]] = {}
    for pattern in patterns:
        found = glob.glob(str(test_file.parent / pattern))  # noqa: PTH207 - Path.glob takes no absolute pattern
        named[pattern] = sorted(map(Path, found))
    return named
