"""The actuator `http`: an endpoint that can be asked, and one that cannot."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

from actuators.http import SPEC
from actuators.http.config import HttpConfig
from schemas.plugins import Actuator, ActuatorContext, ActuatorSpec
from tests.actuators.conformance.harness import Case
from tests.actuators.conformance.served import Served
from tests.actuators.site import Shelf


class HttpHarness(Served):
    """The server counts its effects. It knows a command again by its key, as one that can be asked should."""

    spec: ClassVar[ActuatorSpec] = SPEC
    cases: ClassVar[Mapping[str, Case]] = {
        "observed": Case("call", "endpoint:observed", {"endpoint": "observed", "zone": "a b"}),
        "unobserved": Case("call", "endpoint:unobserved", {"endpoint": "unobserved", "zone": "a b"}, marked=False),
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._server.dedups = True

    @asynccontextmanager
    async def actuator(self) -> AsyncIterator[Actuator]:
        plain = {
            "url": f"{self._server.url}/zones/{{zone}}",
            "parameters": {"zone": {"type": "text", "pattern": "[a-z ]+"}},
        }
        observed = plain | {"observe": {"url": f"{self._server.url}/done/{{command_id}}"}}
        config = HttpConfig.model_validate({"endpoints": {"observed": observed, "unobserved": plain}})
        context = ActuatorContext(scope="n1", state_dir=self._folder, now_ms=lambda: 0, evidence=Shelf())
        built = await SPEC.build(config, context)
        yield built
        await built.close()

    def effects(self, case: Case, command: str) -> int:
        return self._server.effects[command]
