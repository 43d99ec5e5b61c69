"""Files that people edit while we run: found by pattern, read as YAML, of which JSON is a part."""

from pathlib import Path
from typing import Any

import yaml


def matching(pattern: str) -> list[Path]:
    """The files that `pattern` names now, in their order; relative ones are seen from the working directory."""
    place = Path(pattern)
    return sorted(Path(place.anchor).glob(str(place.relative_to(place.anchor))))


def read_yaml(path: Path) -> Any:
    """What is in the file. Raises ValueError saying why it cannot be read."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise ValueError(
            f"{path}:{mark.line + 1}:{mark.column + 1}: {error.problem}" if mark else str(error)
        ) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: {error}") from error
