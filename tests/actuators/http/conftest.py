"""The server of one test."""

from collections.abc import Iterator

import pytest

from tests.actuators.http.server import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as up:
        yield up
