"""The API over the state of a story, asked as any HTTP client would ask."""

from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from engine.api import Desk, Source, application
from engine.core.program import Program
from schemas.samples import Metadata
from tests.core.story import START_MS, Story, series
from tests.core.world import program

START_S = START_MS // 1000


def keeping_all(rules: Program) -> Program:
    """The rules, and everything is kept whatever they look at."""
    settings = msgspec.structs.replace(rules.settings, pinned=('{__name__=~".+"}',))
    return msgspec.structs.replace(rules, settings=settings)


NO_RULES = keeping_all(program())


def shop(rules: Program = NO_RULES) -> Story:
    """As `shop_of`, but all of it is kept, whatever the rules look at."""
    return shop_of(keeping_all(rules))


def shop_of(rules: Program) -> Story:
    """Three scrapes, 15 s apart from `START_MS`: a counter, and `up` of two replicas, of which one goes down."""
    story = Story(rules, settled=False)
    for number in range(3):
        story.scrape(
            {
                series("up", workload="shop", replica="0"): 1.0,
                series("up", workload="shop", replica="1"): 0.0 if number == 2 else 1.0,
                series("requests_total", code="200"): 10.5 * number,
            }
        )
        if number < 2:
            story.tick(15)
    return story


class Asker:
    """Asks the API of a story, whose last moment is the present. `beside`: everything is answered by forked copies."""

    def __init__(
        self,
        story: Story,
        *,
        ready: bool = True,
        beside: bool = False,
        metadata: Mapping[str, Metadata] | None = None,
    ) -> None:
        self._source = Source(
            state=lambda: story.state,
            now_ms=lambda: story.now_ms,
            ready=lambda: ready,
            metadata=lambda: metadata or {},
        )
        self._beside = beside

    async def ask(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None, **parameters: Any
    ) -> httpx.Response:
        """One request; with POST the parameters are a form. `match__` stands for `match[]`, and so on."""
        named = {name.replace("__", "[]"): value for name, value in parameters.items()}
        app = application(self._source, Desk(most_cost_here=-1) if self._beside else Desk())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
            given: Any = {"data": named} if method == "POST" else {"params": named}
            return await client.request(
                method, path if path.startswith("/") else f"/api/v1/{path}", headers=headers, **given
            )

    async def data(self, path: str, **parameters: Any) -> Any:
        """The data of an answer that succeeds without remarks."""
        response = await self.ask(path, **parameters)
        assert response.status_code == 200, response.text
        answer = response.json()
        assert answer.keys() == {"status", "data"}, answer
        return answer["data"]

    async def refused(self, path: str, **parameters: Any) -> tuple[int, str, str]:
        """Status, error type and text of an answer that fails."""
        response = await self.ask(path, **parameters)
        answer = response.json()
        assert (answer.pop("status"), response.headers["content-type"]) == ("error", "application/json")
        return response.status_code, answer.pop("errorType"), answer.pop("error")
