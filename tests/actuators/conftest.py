"""Every test of an actuator runs real processes, and leaves none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actuators.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    place = Site(tmp_path)
    place.declare()
    yield place
    place.clear()
