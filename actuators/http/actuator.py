"""The actuator `http` as its host sees it: declared endpoints as targets, each command sent to one of them once.

What became of a request that got no answer, or one by which it may or may not have happened, is asked of the endpoint
where it can tell, and otherwise unknown. A refusal (4xx) and a redirect say that nothing happened.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from actuators import web
from actuators.http.config import COMMAND_ID, EndpointConfig, HttpConfig, ObserveConfig, UrlTemplate, fill_json
from schemas.commands import Command
from schemas.inventory import Target
from schemas.plugins import (
    ActuatorContext,
    ConditionFailed,
    Effect,
    EffectFailed,
    EffectUnknown,
    Gate,
    Observation,
)
from schemas.secrets import SecretText

ENDPOINT = "endpoint"
"""Argument of `call` and kind of its target."""

PAUSES_S = (0.2, 0.5, 1.0, 2.0)
"""Between attempts, where the server does not say how long."""
_LONGEST_PAUSE_S = 5.0
_LATER = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which the same request, to an endpoint that is idempotent, may do better."""


async def build(config: HttpConfig, context: ActuatorContext) -> "HttpActuator":
    """Raises `SecretUnavailable` for a reference of this machine that leads nowhere."""
    for endpoint in config.endpoints.values():
        observed = endpoint.observe.headers.values() if endpoint.observe else ()
        await context.secrets.check(*endpoint.headers.values(), *observed)
    return HttpActuator(config, context)


class HttpActuator:
    """See `schemas.plugins.Actuator`."""

    def __init__(self, config: HttpConfig, context: ActuatorContext) -> None:
        self._endpoints = {f"{ENDPOINT}:{name}": endpoint for name, endpoint in config.endpoints.items()}
        self._secrets = context.secrets

    async def inventory(self) -> Sequence[Target]:
        return [Target(id=name, lock=name, attributes=_attributes(each)) for name, each in self._endpoints.items()]

    async def observe(self, command: Command) -> Observation:
        endpoint = self._endpoints.get(command.target)
        if endpoint is None:
            return "absent"
        try:
            values = _values(endpoint, command)
        except EffectFailed:
            return "absent"  # It is never sent.
        return await self._observed(endpoint, values)

    async def execute(self, command: Command, gate: Gate) -> Effect:
        endpoint = self._endpoints.get(command.target)
        if endpoint is None:
            raise ConditionFailed({}, f"there is no {command.target}")
        found = _attributes(endpoint)
        if any(name not in found or found[name] != value for name, value in command.condition.items()):
            raise ConditionFailed(found)
        values = _values(endpoint, command)
        request = await self._request(endpoint, values)
        if endpoint.observe and isinstance(seen := await self._observed(endpoint, values), Effect):
            return seen
        sent = await self._send(endpoint, request, gate)
        if sent.answer and sent.answer.status in endpoint.expect:
            return _effect(endpoint, f"answered {sent.answer.status}")
        said = self._said(sent)
        if not sent.maybe_done:
            raise EffectFailed(said)
        seen = await self._observed(endpoint, values)
        if isinstance(seen, Effect):
            return seen
        if seen == "absent" and sent.answer:
            raise EffectFailed(f"{said}; it has not happened")
        # Without an answer it may still be under way there, and happen after we have asked.
        raise EffectUnknown(f"{said}: it may have happened")

    async def changes(self) -> AsyncIterator[None]:
        await asyncio.Event().wait()  # Endpoints are configuration: they do not change while we run.
        yield

    async def close(self) -> None:
        """Nothing is held between calls."""

    # --- a request ---

    async def _request(self, endpoint: EndpointConfig, values: dict[str, str | int]) -> httpx.Request:
        headers = await self._headers(endpoint.headers)
        try:
            url = UrlTemplate(endpoint.url).fill(values)
        except ValueError as error:
            raise EffectFailed(str(error)) from error
        body = fill_json(endpoint.json_body, values)
        return web.request(endpoint.method, url, {**headers, web.IDEMPOTENCY_KEY: str(values[COMMAND_ID])}, body)

    async def _headers(self, headers: Mapping[str, SecretText]) -> dict[str, str]:
        return {name: await web.secret(self._secrets, text) for name, text in headers.items()}

    async def _send(self, endpoint: EndpointConfig, request: httpx.Request, gate: Gate) -> "_Sent":
        """Send it, again only where that does no harm. Each attempt is behind the gate."""
        sent = _Sent()
        async with web.client(endpoint.timeout_s) as client:
            for attempt in range(1, endpoint.attempts + 1):
                await gate()
                sent = await _attempt(client, request, sent.maybe_done)
                later = sent.answer is None or sent.answer.status in _LATER
                again = endpoint.idempotent if sent.answer or sent.maybe_done else True
                if attempt == endpoint.attempts or not (later and again):
                    break
                asked_s = sent.answer.retry_after_s if sent.answer else None
                await asyncio.sleep(min(asked_s or PAUSES_S[attempt - 1], _LONGEST_PAUSE_S))
        return sent

    def _said(self, sent: "_Sent") -> str:
        if sent.answer is None:
            what = self._secrets.redact(str(sent.error)) or type(sent.error).__name__
            return f"{type(sent.error).__name__} after sending" if sent.maybe_done else f"no connection: {what}"
        if 300 <= sent.answer.status < 400:
            return f"answered {sent.answer.status}: redirects are not followed"
        return f"answered {sent.answer.status}: {sent.answer.shown(self._secrets)}"

    async def _observed(self, endpoint: EndpointConfig, values: dict[str, str | int]) -> Observation:
        asked = endpoint.observe
        if asked is None:
            return "unmarked"
        try:
            status = await self._ask(asked, values, endpoint.timeout_s)
        except (httpx.HTTPError, EffectFailed, ValueError):
            return "unmarked"
        if status in asked.happened:
            return _effect(endpoint, f"found done: {status}")
        return "absent" if status in asked.absent else "unmarked"

    async def _ask(self, asked: ObserveConfig, values: dict[str, str | int], timeout_s: float) -> int:
        url = UrlTemplate(asked.url).fill(values)
        request = web.request("GET", url, await self._headers(asked.headers))
        async with web.client(timeout_s) as client:
            return (await web.send(client, request)).status


@dataclass(frozen=True, slots=True)
class _Sent:
    """The last answer or error, and whether the effect may have happened by this or an earlier attempt."""

    answer: web.Answer | None = None
    error: httpx.HTTPError | None = None
    maybe_done: bool = False


async def _attempt(client: httpx.AsyncClient, request: httpx.Request, maybe_done: bool) -> _Sent:
    try:
        answer = await web.send(client, request)
    except httpx.HTTPError as error:
        return _Sent(error=error, maybe_done=maybe_done or not web.never_arrived(error))
    return _Sent(answer=answer, maybe_done=maybe_done or not 300 <= answer.status < 500)


def _values(endpoint: EndpointConfig, command: Command) -> dict[str, str | int]:
    return {**endpoint.accept(command.args, but=frozenset({ENDPOINT})), COMMAND_ID: command.id}


def _attributes(endpoint: EndpointConfig) -> dict[str, Any]:
    return {"definition": endpoint.definition}


def _effect(endpoint: EndpointConfig, detail: str) -> Effect:
    return Effect(before=_attributes(endpoint), after=_attributes(endpoint), detail=detail)
