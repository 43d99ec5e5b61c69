"""Hosts that run in the test's own loop, on a connection of their own, and what can be seen of them on the bus."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from engine.core.program import Settings
from engine.runtime import keys
from engine.runtime.actuator_host import ActuatorConfig, ActuatorHost
from engine.runtime.agent_host import AgentConfig, AgentHost
from engine.runtime.asking import NobodyAnswersError, ask
from engine.runtime.bus import Bus
from engine.runtime.engine_host import EngineConfig, EngineHost
from engine.runtime.journal import read
from engine.runtime.lookup import scan
from engine.runtime.received import Received
from engine.runtime.refusing import USUAL_RATE, Rate
from engine.runtime.trust import Trust, Trusted, allow_list
from schemas import subjects
from schemas.audit import AuditEntry
from schemas.codec import decode, decode_audit, encode
from schemas.commands import HEADER_CAUSE, HEADER_EPOCH, Command
from schemas.outcomes import Outcome
from schemas.plugins import ActuatorSpec, CollectorSpec, PluginConfig
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.probe import NAME, Probe

PATIENCE_S = 15
POLL_S = 0.01
ONCE_S = 3600.0
"""Between a role's readings of itself: after the first one at its start there is silence."""
_Said = TypeVar("_Said")
Role = asyncio.Task[None]
"""A running host. It ends by an error of its own, or with the test."""

KEY = keys.generate()
"""What commands are signed with, unless a test has keys of its own."""
TRUSTED = Trusted(name="tests", public=KEY.public)
SETTINGS = Settings(evaluation_interval_ms=100, lease_ms=1000)


@asynccontextmanager
async def engine(server: ServerUnderTest, folder: Path, name: str = "e1", **config: Any) -> AsyncIterator[Role]:
    """An engine on the rules in `folder`/rules, in a hurry: it ticks every 100 ms and settles as fast."""
    (folder / "rules").mkdir(exist_ok=True)
    signing_key = folder / "signing.key"
    if not signing_key.exists():
        keys.create(signing_key, KEY)
    usual: dict[str, Any] = {
        "rules": [folder / "rules"],
        "signing_key": signing_key,
        "settings": SETTINGS,
        "tick_s": 0.1,
        "metrics_every_s": ONCE_S,
    }
    host = EngineConfig(name=name, node=NODE, state_dir=folder, **(usual | config))
    async with _role(server, lambda bus: EngineHost(bus, host).run()) as role:
        yield role


@asynccontextmanager
async def actuator(
    server: ServerUnderTest,
    folder: Path,
    scope: str,
    probe: Probe,
    trust: Trust = lambda: allow_list([TRUSTED]),
    refusal_rate: Rate = USUAL_RATE,
) -> AsyncIterator[Role]:
    """An actuator service with the probe as its one plugin."""
    async with actuator_of(server, folder, scope, probe.spec, trust=trust, refusal_rate=refusal_rate) as role:
        yield role


@asynccontextmanager
async def actuator_of(
    server: ServerUnderTest,
    folder: Path,
    scope: str,
    spec: ActuatorSpec,
    config: PluginConfig | None = None,
    *,
    trust: Trust = lambda: allow_list([TRUSTED]),
    refusal_rate: Rate = USUAL_RATE,
) -> AsyncIterator[Role]:
    """An actuator service with this one plugin."""
    host = ActuatorConfig(
        scope=scope,
        state_dir=folder,
        plugins={spec.name: config or PluginConfig()},
        trust=trust,
        refusal_rate=refusal_rate,
        metrics_every_s=ONCE_S,
    )
    async with _role(server, lambda bus: ActuatorHost(bus, host, {spec.name: spec}).run()) as role:
        yield role


@asynccontextmanager
async def agent(
    server: ServerUnderTest,
    folder: Path,
    specs: Mapping[str, CollectorSpec],
    config: Mapping[str, PluginConfig],
    **settings: Any,
) -> AsyncIterator[Role]:
    """An agent with these collectors."""
    usual: dict[str, Any] = {"interval_s": 0.01, "metrics_every_s": ONCE_S}
    host = AgentConfig(node=NODE, state_dir=folder, collectors=config, **(usual | settings))
    async with _role(server, lambda bus: AgentHost(bus, host, specs).run()) as role:
        yield role


@asynccontextmanager
async def _role(server: ServerUnderTest, run: Callable[[Bus], Any]) -> AsyncIterator[Role]:
    bus = await server.connect()
    role: Role = asyncio.create_task(run(bus))
    try:
        yield role
    finally:
        role.cancel()
        await asyncio.wait([role])
        await bus.close()


async def error_of(role: Role) -> list[BaseException]:
    """Wait until the host has ended by itself; the errors that it ended by."""
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.wait([role])
    error = role.exception()
    assert error is not None
    return list(_leaves(error))


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _leaves(each)]
    return [error]


async def until(holds: Callable[[], Any], what: str) -> None:
    """Wait until something outside of the bus is so."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise AssertionError(f"waited {PATIENCE_S} s in vain for {what}") from None


async def messages(bus: Bus, stream: str, count: int, *on: str) -> list[Received]:
    """Wait until the stream holds that many messages on the subjects; the first of them."""
    found: list[Received] = []
    async with asyncio.timeout(PATIENCE_S), aclosing(read(bus, stream, subjects=on)) as batches:
        while len(found) < count:
            found.extend(await anext(batches))
    return found[:count]


async def stored(bus: Bus, stream: str, subject: str) -> list[Received]:
    """What the stream holds now on the subject."""
    return [message async for page in scan(bus, stream, subject) for message in page]


# --- engines ---


async def entry(bus: Bus, wanted: Callable[[AuditEntry], bool], shard: str = "0") -> AuditEntry:
    """Wait for the first entry of the audit that is wanted."""
    async with asyncio.timeout(PATIENCE_S), aclosing(read(bus, subjects.AUDIT)) as batches:
        async for batch in batches:
            records = (decode_audit(message.data) for message in batch if message.subject == subjects.audit(shard))
            for found in (found for record in records for found in record.entries if wanted(found)):
                return found
    raise AssertionError("the audit ended")


async def status(bus: Bus, applied_seq: int = 0) -> dict[str, Any]:
    """The engine's own word, once it has applied the journal up to that sequence."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                answer: dict[str, Any] = await ask(bus, "engine", "status")
                if answer["journal_seq"] >= applied_seq:
                    return answer
            except NobodyAnswersError:
                pass
            await asyncio.sleep(POLL_S)


# --- actuators ---


async def send(bus: Bus, command: Command, epoch: int = 1) -> int:
    """Put a command on the queue; its sequence."""
    subject, data = subjects.commands(command.actuator, command.scope, command.verb), encode(command)
    return (await bus.publish(subject, data, headers=signed(subject, data, epoch=str(epoch)))).seq


def signed(
    subject: str, data: bytes, *, epoch: str = "1", cause: str = "0.1.0", key: keys.SigningKey = KEY
) -> dict[str, str]:
    """The headers of a command as an engine sends it."""
    return key.headers(subject, {HEADER_EPOCH: epoch, HEADER_CAUSE: cause}, data)


async def outcomes(bus: Bus, scope: str, count: int = 1, of: str = NAME) -> Sequence[Outcome]:
    """Wait for that many outcomes of an actuator, the probe, on `scope`."""
    return [found async for found in said(bus, subjects.outcomes(of, scope), Outcome, count)]


async def said(bus: Bus, subject: str, kind: type[_Said], count: int) -> AsyncGenerator[_Said]:
    """The first so many messages of a kind on a subject of the journal, waited for."""
    async with asyncio.timeout(PATIENCE_S), aclosing(read(bus, subjects.JOURNAL, subjects=[subject])) as batches:
        while count:
            for message in await anext(batches):
                body = decode(subject, message.data)
                if count and isinstance(body, kind):
                    count -= 1
                    yield body


async def answered(bus: Bus, seq: int) -> None:
    """Wait until the command with this sequence is acknowledged, which takes it off the queue."""
    async with asyncio.timeout(PATIENCE_S):
        while any(found.seq == seq for found in await stored(bus, subjects.COMMANDS, ">")):
            await asyncio.sleep(POLL_S)
