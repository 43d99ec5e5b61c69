"""Where the rule files that nobody on this project wrote are found."""

import os
from pathlib import Path

import pytest

from engine.rulefile import read

REPOSITORY = Path(__file__).parents[2]


def corpus(name: str) -> Path:
    """The folder of one corpus. Skips the test where it is absent, except under `CI=true`, where that is a failure."""
    root = Path(os.environ.get("REFLEXARC_CORPORA") or REPOSITORY.parent / "shared" / "corpora")
    folder = root / name
    if not folder.is_dir():
        message = f"no corpus {name}: set REFLEXARC_CORPORA to the folder that holds the corpora"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    return folder


def rule_files(folder: Path) -> dict[str, str]:
    """Path → text of the rule files of a corpus."""
    # One file of samber's is a Jekyll template from which its rule files are made.
    return {path: text for path, text in read([folder]).items() if not path.endswith("dist/template.yml")}
