"""The fixture of these tests."""

from pathlib import Path

import pytest

from tests.collectors.integrity.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A folder without files."""
    return Machine(tmp_path)
