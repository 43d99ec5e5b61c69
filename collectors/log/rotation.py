"""Where the lines of a log have gone: the files that a log's name stood for before.

Rotation schemes differ in how they number, so the order of the files is that of their last modification.
"""

import re
from pathlib import Path

_SUFFIX = re.compile(r"[.-]\d[\d.T:_-]*")
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


def is_rotated(path: Path) -> bool:
    """Whether `path` is an earlier file of a log that is there: `app.log.1` or `app.log-20240131.gz` of `app.log`."""
    stem = path.with_suffix("") if path.suffix in _COMPRESSED else path
    splits = [index for index, character in enumerate(stem.name) if character in ".-" and index]
    return any(
        _SUFFIX.fullmatch(stem.name[index:]) is not None and path.with_name(stem.name[:index]).exists()
        for index in splits
    )


def rotated(path: Path) -> list[Path]:
    """The earlier files of the log at `path`, oldest first, as far as they can be read as they are."""
    found = []
    for sibling in path.parent.iterdir():
        suffix = sibling.name.removeprefix(path.name)
        if suffix != sibling.name and _SUFFIX.fullmatch(suffix) and sibling.is_file():
            # Of two that a coarse clock gives one time, the greater number is the older.
            found.append((sibling.stat().st_mtime_ns, -int(re.sub(r"\D", "", suffix)), sibling))
    return [sibling for _, _, sibling in sorted(found)]
