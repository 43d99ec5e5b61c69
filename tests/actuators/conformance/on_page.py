"""The actuator `page`: a file and a webhook."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar

from actuators.page import SPEC, PageConfig
from schemas.plugins import Actuator, ActuatorContext, ActuatorSpec
from tests.actuators.conformance.harness import Case
from tests.actuators.conformance.served import Served
from tests.actuators.site import Shelf


class PageHarness(Served):
    """Lines of the file and posts to the webhook are counted."""

    spec: ClassVar[ActuatorSpec] = SPEC
    cases: ClassVar[Mapping[str, Case]] = {
        "file": Case("page", "receiver:file", {"receiver": "file", "severity": "page"}),
        "webhook": Case("page", "receiver:webhook", {"receiver": "webhook"}, marked=False),
    }

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
