"""The place of one test; whatever still runs of it afterwards is ended."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.actuators.exec.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield Place(tmp_path)
    for process in psutil.process_iter(["cmdline"]):
        if any(str(tmp_path) in word for word in process.info["cmdline"] or ()):
            process.kill()
