"""What the worlds of actuators that speak HTTP have in common: a server, for as long as they are entered."""

from pathlib import Path
from typing import Self

from tests.actuators.http.server import Server, serving


class Served:
    """A folder, and a server that counts what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = Server()
        self._serving = serving(self._server)

    async def __aenter__(self) -> Self:
        self._serving.__enter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._serving.__exit__(None, None, None)
