"""The actuator `page`: a file and a webhook."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar, Self

from actuators.page import SPEC, PageConfig
from schemas.plugins import Actuator, ActuatorContext, ActuatorSpec
from tests.actuators.conformance.harness import Case
from tests.actuators.http.server import Server, serving
from tests.actuators.site import Shelf


class PageHarness:
    """Lines of the file and posts to the webhook are counted."""

    spec: ClassVar[ActuatorSpec] = SPEC
    cases: ClassVar[Mapping[str, Case]] = {
        "file": Case("page", "receiver:file", {"receiver": "file", "severity": "page"}),
        "webhook": Case("page", "receiver:webhook", {"receiver": "webhook"}, marked=False),
    }

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = Server()
        self._serving = serving(self._server)

    async def __aenter__(self) -> Self:
        self._serving.__enter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._serving.__exit__(None, None, None)

    @asynccontextmanager
    async def actuator(self) -> AsyncIterator[Actuator]:
        receivers = {"file": {"file": self._folder / "pages"}, "webhook": {"webhook": self._server.url}}
        context = ActuatorContext(scope="n1", state_dir=self._folder, now_ms=lambda: 0, evidence=Shelf())
        built = await SPEC.build(PageConfig.model_validate({"receivers": receivers}), context)
        yield built
        await built.close()

    def effects(self, case: Case, command: str) -> int:
        if case.target == "receiver:webhook":
            return self._server.effects[command]
        file = self._folder / "pages"
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line)["command"] for line in lines].count(command)
