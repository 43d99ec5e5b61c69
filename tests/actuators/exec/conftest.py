"""The place of one test; whatever still runs of it afterwards is ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actuators.exec.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.clear()
