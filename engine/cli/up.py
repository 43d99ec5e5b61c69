"""`reflexarc up`: everything on this machine, each role its own process, until Ctrl-C."""

import argparse
import fcntl
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from engine.api import Address, ListenError, listen
from engine.cli import logging, own_key, show
from engine.cli.config import Config, ConfigError, plugin_configs
from engine.cli.failure import CommandFailedError
from engine.rulefile import RuleErrors, load, read
from engine.runtime import streams
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import BusError
from engine.runtime.credentials import find_access
from engine.runtime.registry import actuators, collectors, verbs
from engine.runtime.server import EmbeddedServer, ServerError
from engine.runtime.supervisor import Role, Supervisor

ROLES = ("agent", "engine", "actuator")


async def up(args: argparse.Namespace, config: Config) -> None:
    """Start everything, say what is running and what to try, and keep it so."""
    logging.configure_role()
    async with started(config, base_arguments(args), os.environ) as supervisor:
        _introduce(config, supervisor)
        await supervisor.wait()


def base_arguments(args: argparse.Namespace) -> list[str]:
    """What was given before the command, to be given to the roles too."""
    given = []
    for option in ("config", "state_dir", "nats"):
        if value := getattr(args, option):
            given += [f"--{option.replace('_', '-')}", str(value)]
    return given


@asynccontextmanager
async def started(config: Config, arguments: Sequence[str], env: Mapping[str, str]) -> AsyncIterator[Supervisor]:
    """Everything running, for as long as the body does.

    Each role is given `arguments` before its name, and the environment `env`. Raises `CommandFailedError`.
    """
    _check(config)
    with _only_one(config.state_dir):
        own_key.ensure(config)  # before there is anybody who would ask for it
        async with _server(config) as server:
            supervisor = Supervisor(server, [_role(name, arguments) for name in ROLES], config.logs_dir, env)
            supervisor.start()
            try:
                yield supervisor
            finally:
                await supervisor.stop()


def _role(name: str, arguments: Sequence[str]) -> Role:
    return Role(name, [sys.executable, "-m", "engine.cli.main", *arguments, name])


@asynccontextmanager
async def _server(config: Config) -> AsyncIterator[EmbeddedServer | None]:
    """The embedded server with its streams; None where the configuration names another."""
    if config.nats.url:
        yield None
        return
    try:
        server = EmbeddedServer(config.server_dir, node=config.node, port=config.nats.port)
        server.start()
        await server.wait_ready()
    except ServerError as error:
        raise CommandFailedError(str(error)) from error
    try:
        await _ensure_streams(server)
        yield server
    finally:
        await server.stop()


async def _ensure_streams(server: EmbeddedServer) -> None:
    try:
        bus = await Bus.connect(*find_access("engine", file=server.credentials_file, env={}), name="reflexarc-up")
        await streams.ensure(bus)
        await bus.close()
    except BusError as error:
        raise CommandFailedError(str(error)) from error


def _check(config: Config) -> None:
    """At the start, mistakes are told to the person who is there; later edits of rules are refused by the engine.

    Raises `ConfigError` and `CommandFailedError`.
    """
    plugin_configs("agent.collectors", config.agent.collectors, collectors())
    plugin_configs("actuator.plugins", config.actuator.plugins, actuators())
    if missing := [str(path) for path in config.engine.rules if not path.exists()]:
        raise ConfigError("\n".join(f"engine.rules: {path}: there is no such file or folder" for path in missing))
    try:
        load(read(config.engine.rules), verbs(actuators()))
    except RuleErrors as errors:
        raise CommandFailedError(str(errors)) from errors
    if config.engine.listen:
        _check_address(Address(*config.engine.listen))


def _check_address(address: Address) -> None:
    try:
        listen(address).close()
    except ListenError as error:
        raise CommandFailedError(f"engine.listen: {error}") from error


def _introduce(config: Config, supervisor: Supervisor) -> None:
    show.table(("RUNNING", "PID", "LOG"), [(n, pid, _log(config, n)) for n, pid in supervisor.pids().items()])
    print(f"\nstate in {config.state_dir}, rules in {', '.join(str(path) for path in config.engine.rules)}")
    if config.engine.listen:
        print(f"Prometheus' HTTP API at {Address(*config.engine.listen).url}")
    print("\ntry, in another terminal:")
    given = "".join(f" {word}" for word in sys.argv[1 : sys.argv.index("up")]) if "up" in sys.argv else ""
    for words, what in (
        ("status", "what is known and what waits"),
        ("query up", "which replicas live"),
        ("alerts --watch", "every alert, as it happens"),
        ("commands", "what was done about them"),
        ("halt", "stop all acts"),
    ):
        print(f"  {_program()}{given} {words:16}  # {what}")
    print("\nCtrl-C stops everything.", flush=True)


def _program() -> str:
    """How this program can be called, so that what we print can be typed."""
    return "reflexarc" if shutil.which("reflexarc") else sys.argv[0]


def _log(config: Config, name: str) -> Path:
    return config.server_dir / "nats-server.log" if name == "nats-server" else config.logs_dir / f"{name}.log"


@contextmanager
def _only_one(state_dir: Path) -> Iterator[None]:
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        lock = (state_dir / "up.lock").open("w")
    except OSError as error:
        raise CommandFailedError(f"{state_dir}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandFailedError(f"{state_dir}: `reflexarc up` runs on this state already") from error
        yield
