"""The checks of the bus and of what runs on it: who may connect, what is stored, who answers."""

import time
from collections.abc import AsyncIterator
from datetime import datetime

from engine.cli import show
from engine.cli.config import Config
from engine.cli.connect import runs_here
from engine.cli.liveness import roles
from engine.cli.verdicts import Check, fail, ok, warn
from engine.runtime import streams
from engine.runtime.asking import NobodyAnswersError, ask
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import ApiError, BusError, BusUnavailable
from engine.runtime.credentials import ROLES, Access, CredentialsError, Role, find_access
from engine.runtime.lookup import last, stream_state
from engine.runtime.publishing import now_ms
from schemas import subjects

CONNECT_TIMEOUT_S = 3.0
LAG_LIMIT_MS = 5_000
SKEW_LIMIT_MS = 1_000
INVENTORY_LIMIT_MS = 150_000
"""An actuator publishes its inventory every minute at least."""

Checks = AsyncIterator[Check]


async def checks(config: Config) -> list[Check]:
    """Every check of the bus; only the first ones where it cannot be reached."""
    logins = [await _login(config, role) for role in ROLES if role == "operator" or _is_meant(config, role)]
    if any(check.name == "bus as operator" and check.verdict != "ok" for check in logins):
        return logins
    bus = await Bus.connect(*_access(config, "operator"), name="reflexarc-doctor", timeout_s=CONNECT_TIMEOUT_S)
    looked: list[Check] = []
    try:
        for look in (_storage, _roles, _engine):
            looked += [check async for check in look(bus, config)]
    except (BusError, TimeoutError) as error:
        looked.append(fail("bus", str(error) or "no answer", "see `reflexarc logs nats-server`"))
    finally:
        await bus.close()
    return logins + looked


def _is_meant(config: Config, role: Role) -> bool:
    """Whether a role is to run here: it has a login, or nobody has."""
    return runs_here(config, role) or not any(runs_here(config, each) for each in ROLES)


async def _login(config: Config, role: Role) -> Check:
    name = f"bus as {role}"
    try:
        access = _access(config, role)
        bus = await Bus.connect(*access, name="reflexarc-doctor", timeout_s=CONNECT_TIMEOUT_S)
    except CredentialsError as error:
        elsewhere = any(runs_here(config, each) for each in ROLES)
        remedy = (
            f"give a login of the role {role}: the rest is looked at with it"
            if elsewhere
            else "start a bus here with `reflexarc up`"
        )
        return fail(name, str(error), remedy)
    except BusUnavailable as error:
        return fail(name, str(error), "start it with `reflexarc up`, or correct the URL or the credentials")
    await bus.close()
    return ok(name, access.url)


def _access(config: Config, role: Role) -> Access:
    return find_access(role, url=config.nats.url, file=config.credentials_file)


# --- what is stored ---


async def _storage(bus: Bus, config: Config) -> Checks:
    yield await _streams(bus)
    yield await _clock(bus)
    yield await _dead(bus)


async def _streams(bus: Bus) -> Check:
    names = [*subjects.STREAM_SUBJECTS, *(f"KV_{name}" for name in streams.BUCKETS)]
    names += [f"OBJ_{name}" for name in streams.OBJECT_STORES]
    missing = []
    for name in names:
        try:
            await stream_state(bus, name)
        except ApiError:
            missing.append(name)
    if missing:
        return fail("streams", f"missing: {', '.join(missing)}", "start the engine, which creates them")
    return ok("streams", f"{len(names)} of {len(names)}")


async def _clock(bus: Bus) -> Check:
    """The server stamps what it stores; its answers carry the same clock."""
    asked_s = time.time()
    answer = await bus.api(f"STREAM.INFO.{subjects.JOURNAL}")
    middle_s = (asked_s + time.time()) / 2
    skew_ms = round((middle_s - datetime.fromisoformat(answer["ts"]).timestamp()) * 1000)
    if abs(skew_ms) > SKEW_LIMIT_MS:
        ahead = "ahead of" if skew_ms > 0 else "behind"
        detail = f"this machine is {show.age(abs(skew_ms))} {ahead} the journal"
        return warn(
            "clock", detail, "keep clocks in step with NTP: a sample's time is never taken as later than the journal's"
        )
    return ok("clock", f"{skew_ms:+} ms against the journal")


async def _dead(bus: Bus) -> Check:
    count = (await stream_state(bus, subjects.DEAD)).messages
    if count:
        return warn("dead messages", f"{count}", "see the header Reflexarc-Reason of the messages in stream DEAD")
    return ok("dead messages", "none")


# --- who lives ---


async def _roles(bus: Bus, config: Config) -> Checks:
    for role in await roles(bus, config):
        if role.alive:
            yield ok(role.role, role.detail)
        else:
            yield fail(
                role.role, role.detail, f"start it with `reflexarc {role.role}`; see `reflexarc logs {role.role}`"
            )
    yield await _inventory(bus, config)


async def _inventory(bus: Bus, config: Config) -> Check:
    if not config.actuator.plugins:
        return ok("inventory", "none: no actuator plugin is configured, so nothing is acted on here")
    newest = await last(bus, subjects.JOURNAL, subjects.inventory(config.node))
    if newest is None:
        return fail("inventory", f"none of {config.node}", "without targets nothing can be done: start the actuator")
    old_ms = max(now_ms() - newest.time_ms, 0)
    detail = f"of {config.node}, {show.age(old_ms)} old"
    if old_ms > INVENTORY_LIMIT_MS:
        return warn("inventory", detail, "start the actuator, which publishes it every minute")
    return ok("inventory", detail)


async def _engine(bus: Bus, config: Config) -> Checks:
    try:
        status = await ask(bus, "engine", "status")
    except NobodyAnswersError as error:
        yield fail("engine answers", str(error), "start it with `reflexarc engine`; see `reflexarc logs engine`")
        return
    lag = f"{show.age(status['lag_ms'])} behind the clock, at message {status['journal_seq']}"
    if status["lag_ms"] > LAG_LIMIT_MS:
        yield warn("engine answers", lag, "it is catching up after a start, or this machine is overloaded")
    else:
        yield ok("engine answers", lag)
    for what in status.get("without_place", ()):  # an engine of before an upgrade does not tell
        yield warn("limit", what, "rules decide without it: raise the limit of [engine], or find who sends so much")
    if refused := status["rules"]["refused"]:
        yield warn("rule edits", "\n".join(refused), "correct them; the rules before the edit are active")
    for rule, problem in status["rules"]["failing"].items():
        yield warn("rule evaluation", f"{rule}: {problem}", "correct the expression or the labels that it joins on")
    for owner in status.get("disbelieved_by", ()):
        yield fail(
            "trust",
            f"{owner} does not list this engine's key {status['key']}, and refuses its commands",
            "put what `reflexarc keys show` prints on the engine's machine into that actuator's `actuator.trust`",
        )
    if status.get("emergency"):
        yield warn("emergency", f"by {status['emergency']}", "`reflexarc emergency --over` ends it")
    for scope, by in status["halts"].items():
        yield warn("halt", f"{'everything' if scope == '*' else scope}, by {by}", "`reflexarc resume` ends it")
