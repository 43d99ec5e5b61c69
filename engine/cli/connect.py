"""A connection to the bus, as configured, for the time of a command."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from engine.cli.config import Config, ConfigError
from engine.cli.failure import CommandFailedError
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import BusUnavailable
from engine.runtime.credentials import ROLES, CredentialsError, Role, find_access, person_of


@asynccontextmanager
async def connected(config: Config, role: Role = "operator", env: Mapping[str, str] = os.environ) -> AsyncIterator[Bus]:
    """The bus as `role`. Raises `ConfigError` where no server is given, `CommandFailedError` where none answers."""
    try:
        access = find_access(role, url=config.nats.url, file=config.credentials_file, env=env)
    except CredentialsError as error:
        raise ConfigError(f"{error}; or start one here with `reflexarc up`") from error
    try:
        bus = await Bus.connect(*access, name=f"reflexarc-{role}-{config.node}")
    except BusUnavailable as error:
        raise CommandFailedError(f"{error}. Is `reflexarc up` running?") from error
    try:
        yield bus
    finally:
        await bus.close()


def runs_here(config: Config, role: Role, env: Mapping[str, str] = os.environ) -> bool:
    """Whether there is a login of this role here. Where anybody is let in, or users are named otherwise, none is told
    from another."""
    try:
        user = find_access(role, url=config.nats.url, file=config.credentials_file, env=env).user
    except CredentialsError:
        return False
    named = (user or role).partition("-")[0]
    return named == role or named not in ROLES


def person(config: Config, env: Mapping[str, str] = os.environ) -> str:
    """Who sits at the terminal, as the audit names them: whose login it is."""
    return person_of(find_access("operator", url=config.nats.url, file=config.credentials_file, env=env).user)
