"""How answers are sent, also those that take long: nothing is worked on for somebody who has gone."""

import asyncio

from prometheus_client import Counter
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from engine.api import body
from engine.api.desk import Desk
from engine.api.errors import ApiError
from engine.api.jobs import Job

JSON = "application/json"

ANSWERS = Counter("reflexarc_http_answers_total", "Answers of the HTTP API, by status.", ["status"])


def refusal(error: ApiError) -> Response:
    ANSWERS.labels(status=error.status).inc()
    return Response(body.failure(error), error.status, media_type=JSON)


def reply(desk: Desk, job: Job) -> Response:
    if not desk.is_cheap(job):
        return _Beside(desk, job)
    status, content = desk.here(job)
    ANSWERS.labels(status=status).inc()
    return Response(content, status, media_type=JSON)


class _Beside(Response):
    """The answer of a forked copy, sent as it comes."""

    def __init__(self, desk: Desk, job: Job) -> None:
        super().__init__(media_type=JSON)
        del self.headers["content-length"]
        self._desk = desk
        self._job = job
        self._begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(scope, receive, send))
        gone = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:  # the server ends
            if self._begun:
                raise
            await refusal(ApiError("unavailable", "the engine is being stopped"))(scope, receive, send)
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.wait((sending, gone))
        if not sending.cancelled():
            sending.result()

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with self._desk.beside(self._job) as reply:
                self._begun = True
                ANSWERS.labels(status=reply.status).inc()
                head = {"type": "http.response.start", "status": reply.status, "headers": self.raw_headers}
                await send(head)
                async for piece in reply.pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except ApiError as error:
            if self._begun:  # all that can be done is to break off, so that it is not taken for the whole
                raise
            await refusal(error)(scope, receive, send)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
