"""Actuator `page`: tells people, by a line in a file or a POST to a webhook.

A file keeps the mark of every page, so a page is written once whatever dies meanwhile. A webhook keeps none that we
could ask for: it gets the command's id as `Idempotency-Key`, and a page whose sender died is reported as unknown.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import httpx
from pydantic import Field, field_validator

from actuators import web
from schemas.commands import Command
from schemas.inventory import Target
from schemas.plugins import (
    ActuatorContext,
    ActuatorSpec,
    ConditionFailed,
    Effect,
    EffectFailed,
    EffectUnknown,
    Gate,
    Observation,
    PluginConfig,
    VerbSpec,
)
from schemas.secrets import Secrets, SecretText

RETRIES_S = (0.2, 0.5, 1.0)
"""Pauses between attempts to connect."""


class FileReceiver(PluginConfig):
    """One JSON object a line is appended to `file`."""

    file: Path


class WebhookReceiver(PluginConfig):
    """One JSON object is posted to the URL `webhook`, with these headers. Each value may be a
    [secret](operations.md#secrets) such as `env:NAME` or `file:PATH`.
    """

    webhook: SecretText
    headers: dict[str, SecretText] = Field(default={})
    timeout_s: float = Field(default=10.0, gt=0)

    @field_validator("webhook")
    @classmethod
    def _check_url(cls, value: SecretText) -> SecretText:
        if value.literal is not None:
            web.checked_url(value.literal)
        return value


class PageConfig(PluginConfig):
    """The receivers by name."""

    receivers: dict[str, FileReceiver | WebhookReceiver] = Field(default={})


class _Channel(Protocol):
    """How one receiver is reached. `send` and `observe` are about the page with this command id."""

    kind: str

    async def send(self, command: str, page: Mapping[str, Any], gate: Gate) -> str: ...

    async def observe(self, command: str) -> Observation: ...


class _File:
    kind = "file"

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, command: str, page: Mapping[str, Any], gate: Gate) -> str:
        if not await asyncio.to_thread(self._holds, command):
            await gate()
            try:
                await asyncio.to_thread(self._append, json.dumps(page))
            except OSError as error:
                raise EffectFailed(str(error)) from error
        return f"written to {self._path}"

    async def observe(self, command: str) -> Observation:
        found = await asyncio.to_thread(self._holds, command)
        return Effect(before={}, after={}, detail=f"found in {self._path}") if found else "absent"

    def _holds(self, command: str) -> bool:
        if not self._path.exists():
            return False
        with self._path.open(encoding="utf-8", errors="replace") as lines:
            return any(command in line and _command_of(line) == command for line in lines)

    def _append(self, line: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+b", buffering=0) as file:
            # A full disk may once have cut a line short; what follows it must still stand alone.
            torn = file.tell() and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n"
            content = (b"\n" if torn else b"") + line.encode() + b"\n"
            if file.write(content) != len(content):
                raise OSError(f"{self._path}: the disk is full")
            os.fsync(file.fileno())


def _command_of(line: str) -> object:
    try:
        page = json.loads(line)
    except ValueError:
        return None  # Torn, or not ours: the file is anybody's to write to.
    return page.get("command") if isinstance(page, dict) else None


class _Webhook:
    kind = "webhook"

    def __init__(self, receiver: WebhookReceiver, secrets: Secrets) -> None:
        self._receiver = receiver
        self._secrets = secrets

    async def send(self, command: str, page: Mapping[str, Any], gate: Gate) -> str:
        request = await self._request(command, page)
        try:
            async with web.client(self._receiver.timeout_s) as client:
                answer = await self._post(client, request, gate)
        except httpx.HTTPError as error:
            what = self._secrets.redact(str(error))
            if web.never_arrived(error):
                raise EffectFailed(f"no connection: {what}") from None
            raise EffectUnknown(f"{type(error).__name__} after sending: it may have arrived") from None
        if not answer.succeeded:
            raise EffectFailed(f"answered {answer.status}: {answer.shown(self._secrets)}")
        return f"answered {answer.status}"

    async def _request(self, command: str, page: Mapping[str, Any]) -> httpx.Request:
        url = await web.secret(self._secrets, self._receiver.webhook)
        headers = {name: await web.secret(self._secrets, each) for name, each in self._receiver.headers.items()}
        return web.request("POST", url, {**headers, web.IDEMPOTENCY_KEY: command}, page)

    async def _post(self, client: httpx.AsyncClient, request: httpx.Request, gate: Gate) -> web.Answer:
        """Only what certainly did not arrive, a failed connect, is tried again."""
        for delay_s in (*RETRIES_S, None):
            await gate()
            try:
                return await web.send(client, request)
            except httpx.HTTPError as error:
                if delay_s is None or not web.never_arrived(error):
                    raise
                await asyncio.sleep(delay_s)
        raise AssertionError("the last attempt returns or raises")

    async def observe(self, command: str) -> Observation:  # noqa: ARG002 - there is nobody to ask about it
        return "unmarked"


class PageActuator:
    """See `schemas.plugins.Actuator`; its targets are the receivers."""

    def __init__(self, config: PageConfig, context: ActuatorContext) -> None:
        self._context = context
        self._channels = {f"receiver:{name}": _channel(each, context) for name, each in config.receivers.items()}

    async def inventory(self) -> Sequence[Target]:
        return [Target(id=name, lock=name, attributes={"kind": each.kind}) for name, each in self._channels.items()]

    async def observe(self, command: Command) -> Observation:
        channel = self._channels.get(command.target)
        return await channel.observe(command.id) if channel else "absent"

    async def execute(self, command: Command, gate: Gate) -> Effect:
        channel = self._channels.get(command.target)
        if channel is None:
            raise ConditionFailed({}, f"there is no {command.target}")
        page = {
            "message": command.summary,
            **command.args,
            "command": command.id,
            "time_ms": self._context.now_ms(),
            "origin": command.origin.name,
            "ladder": command.ladder,
            "step": command.step,
        }
        return Effect(before={}, after={}, detail=await channel.send(command.id, page, gate))

    async def changes(self) -> AsyncIterator[None]:
        await asyncio.Event().wait()  # Receivers are configuration: they do not change while we run.
        yield

    async def close(self) -> None:
        """Nothing is held between pages."""


def _channel(receiver: FileReceiver | WebhookReceiver, context: ActuatorContext) -> _Channel:
    return _File(receiver.file) if isinstance(receiver, FileReceiver) else _Webhook(receiver, context.secrets)


async def build(config: PageConfig, context: ActuatorContext) -> PageActuator:
    """Raises `SecretUnavailable` for a reference of this machine that leads nowhere."""
    for receiver in config.receivers.values():
        if isinstance(receiver, WebhookReceiver):
            await context.secrets.check(receiver.webhook, *receiver.headers.values())
    return PageActuator(config, context)


SPEC = ActuatorSpec(
    name="page",
    summary="Tells people: a line in a file, or a POST to a webhook.",
    config=PageConfig,
    verbs=(
        VerbSpec(
            name="page",
            summary="Tell a receiver; without a `message`, why the command was sent.",
            targets={"receiver": ("receiver",)},
            optional=("message", "severity", "runbook_url"),
            timeout_ms=60_000,
            changes_target=False,
            permissions=("to append to the file", "to connect to the webhook", "to read the secrets it refers to"),
            unmarked="a webhook keeps no mark to ask for; a file does",
        ),
    ),
    build=build,
    example="""\
page:
  receivers:
    oncall: {file: pages.jsonl}
    security: {webhook: "env:SECURITY_WEBHOOK"}
""",
)
