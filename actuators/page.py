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

RETRIES_S = (0.2, 0.5, 1.0)
"""Pauses between attempts to connect."""
_BODY_SHOWN = 200


def _from_environment(value: str) -> str:
    """`env:NAME` as the value of that variable, so that a secret need not stand in a configuration file."""
    if not value.startswith("env:"):
        return value
    name = value.removeprefix("env:")
    if name not in os.environ:
        raise ValueError(f"environment variable {name} is not set")
    return os.environ[name]


class FileReceiver(PluginConfig):
    """One JSON object a line is appended to `file`."""

    file: Path


class WebhookReceiver(PluginConfig):
    """One JSON object is posted to the URL `webhook`, with these headers. Each value may be `env:NAME`."""

    webhook: str = Field(repr=False)
    headers: dict[str, str] = Field(default={}, repr=False)
    timeout_s: float = Field(default=10.0, gt=0)

    @field_validator("webhook")
    @classmethod
    def _resolve_webhook(cls, value: str) -> str:
        url = _from_environment(value)
        if not url.startswith(("http://", "https://")):
            raise ValueError("expected a URL with http:// or https://")
        return url

    @field_validator("headers")
    @classmethod
    def _resolve_headers(cls, value: dict[str, str]) -> dict[str, str]:
        return {name: _from_environment(each) for name, each in value.items()}


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

    def __init__(self, receiver: WebhookReceiver) -> None:
        self._receiver = receiver

    async def send(self, command: str, page: Mapping[str, Any], gate: Gate) -> str:
        headers = {**self._receiver.headers, "Idempotency-Key": command}
        try:
            async with httpx.AsyncClient(timeout=self._receiver.timeout_s) as client:
                response = await self._post(client, page, headers, gate)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise EffectFailed(f"no connection: {error}") from error
        except httpx.HTTPError as error:
            raise EffectUnknown(f"{type(error).__name__} after sending: it may have arrived") from error
        if not response.is_success:
            raise EffectFailed(f"answered {response.status_code}: {response.text[:_BODY_SHOWN]}")
        return f"answered {response.status_code}"

    async def _post(
        self, client: httpx.AsyncClient, page: Mapping[str, Any], headers: Mapping[str, str], gate: Gate
    ) -> httpx.Response:
        """Only what certainly did not arrive, a failed connect, is tried again."""
        for delay_s in (*RETRIES_S, None):
            await gate()
            try:
                return await client.post(self._receiver.webhook, json=page, headers=headers)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if delay_s is None:
                    raise
                await asyncio.sleep(delay_s)
        raise AssertionError("the last attempt returns or raises")

    async def observe(self, command: str) -> Observation:  # noqa: ARG002 - there is nobody to ask about it
        return "unmarked"


class PageActuator:
    """See `schemas.plugins.Actuator`; its targets are the receivers."""

    def __init__(self, config: PageConfig, context: ActuatorContext) -> None:
        self._context = context
        self._channels = {f"receiver:{name}": _channel(receiver) for name, receiver in config.receivers.items()}

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


def _channel(receiver: FileReceiver | WebhookReceiver) -> _Channel:
    return _File(receiver.file) if isinstance(receiver, FileReceiver) else _Webhook(receiver)


async def build(config: PageConfig, context: ActuatorContext) -> PageActuator:
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
