"""The embedded server: it starts, it is found again, it says why not, and it keeps the roles apart."""

import asyncio
import getpass
import os
import resource
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from engine.runtime import lookup
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import BusUnavailable, PermissionDenied
from engine.runtime.credentials import CredentialsError, find_access, load
from engine.runtime.server import EmbeddedServer, PortInUse, StoreFailed
from engine.runtime.server_config import ACCOUNT
from schemas import subjects
from tests.conftest import NODE, ServerUnderTest


async def test_a_second_start_finds_its_credentials_and_its_data_again(tmp_path: Path) -> None:
    """Stopped and started, the server has the same URL and passwords, and holds what was stored."""
    server = ServerUnderTest(tmp_path)
    await server.up()
    first = server.credentials
    bus = await server.connect()
    await bus.api("STREAM.CREATE.KEPT", {"name": "KEPT", "subjects": ["ops.kept"], "allow_direct": True})
    await bus.publish("ops.kept", b"still here")
    await bus.close()
    await server.stop()

    again = ServerUnderTest(tmp_path)
    await again.up()
    assert again.credentials == first
    bus = await again.connect()
    kept = await lookup.last(bus, "KEPT", "ops.kept")
    assert kept is not None
    assert kept.data == b"still here"
    await bus.close()
    await again.stop()


async def test_a_store_from_before_there_were_accounts_is_found(tmp_path: Path) -> None:
    """What a server stored when it had no accounts is where it looks now."""
    server = ServerUnderTest(tmp_path)
    await server.up()
    bus = await server.connect()
    await bus.api("STREAM.CREATE.KEPT", {"name": "KEPT", "subjects": ["ops.kept"], "allow_direct": True})
    await bus.publish("ops.kept", b"still here")
    await bus.close()
    await server.stop()
    (server.store / ACCOUNT).rename(server.store / "$G")
    await server.up()
    bus = await server.connect()
    assert (await lookup.stream_state(bus, "KEPT")).messages == 1
    await bus.close()
    await server.stop()


def test_only_the_owner_can_read_the_passwords(nats_server: ServerUnderTest) -> None:
    """Credentials and configuration hold passwords, so nobody else may read them."""
    for name in ("credentials.json", "nats-server.conf"):
        assert stat.S_IMODE((nats_server.directory / name).stat().st_mode) == 0o600


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """Who asks for a port that is in use is told which, before anything is started."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=f"port {port} on 127.0.0.1 is in use"):
            EmbeddedServer(tmp_path, node=NODE, port=port).start()


async def test_a_server_dies_with_its_owner(tmp_path: Path) -> None:
    """An owner killed with SIGKILL leaves no server behind."""
    if sys.platform != "linux":
        pytest.skip("only Linux tells a process of its parent's death; elsewhere the next start ends it")
    code = (
        "import pathlib, sys, time; from engine.runtime.server import EmbeddedServer\n"
        "server = EmbeddedServer(pathlib.Path(sys.argv[1]), node='n1'); server.start()\n"
        "print(server.pid, flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, tmp_path], stdin=-1, stdout=-1)
    assert owner.stdout
    assert owner.stdin
    server = psutil.Process(int(owner.stdout.readline()))
    owner.kill()
    owner.wait()
    owner.stdout.close()
    owner.stdin.close()
    # Reparented, it may linger as a zombie where nobody reaps: dead all the same.
    _, alive = psutil.wait_procs([server], timeout=10)
    assert all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


async def test_a_left_over_server_is_ended_at_the_next_start(mortal_server: ServerUnderTest) -> None:
    """A server whose owner is gone does not keep the store from the next one."""
    left_over = mortal_server.pid
    heir = ServerUnderTest(mortal_server.directory)
    await heir.up()
    assert await mortal_server.wait() is not None
    assert heir.pid != left_over
    assert heir.url == mortal_server.url
    await heir.stop()


async def test_a_store_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A server that cannot keep its store does not count as started; the error names the store."""
    (tmp_path / "jetstream").write_text("a file where a directory is needed")
    server = ServerUnderTest(tmp_path)
    with pytest.raises(StoreFailed, match=r"jetstream: .*storage directory is not a directory .*bytes free"):
        await server.up()


async def test_a_store_that_fails_while_it_runs_is_named(tmp_path: Path) -> None:
    """A server that can no longer write its store goes on running and answers nothing; `watch` says why."""
    if sys.platform != "linux":
        pytest.skip("needs prlimit to make a store fail")
    server = ServerUnderTest(tmp_path)
    await server.up()
    server.check()
    # Small enough for what the server keeps at its start, too small for the message.
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (64 * 1024, 64 * 1024))
    bus = await server.connect()
    await bus.api("STREAM.CREATE.FULL", {"name": "FULL", "subjects": ["ops.full"]})
    publishing = asyncio.create_task(bus.publish("ops.full", bytes(1024 * 1024)))
    with pytest.raises(StoreFailed, match=r"jetstream: .*Critical write error.* bytes free"):
        await asyncio.wait_for(server.watch(), timeout=10)
    publishing.cancel()
    await asyncio.wait([publishing])
    await bus.close()
    await server.stop()


@pytest.mark.parametrize(
    "subject",
    [
        subjects.metrics("n2", "host"),
        subjects.events("n2", "log"),
        subjects.metrics(NODE, subjects.own_source("actuator")),
        subjects.metrics(NODE, subjects.own_source("engine")),
        subjects.control("halt", "ann"),
        subjects.commands("process", NODE, "restart"),
        "$KV.halt.x",
        "$JS.API.STREAM.DELETE.JOURNAL",
    ],
)
async def test_an_agent_speaks_for_its_own_node_only(nats_server: ServerUnderTest, subject: str) -> None:
    """The server refuses an agent's readings of another node or in another role's name, and all that is no reading."""
    agent = await nats_server.connect("agent")
    with pytest.raises(PermissionDenied):
        await agent.publish(subject, b"{}")
    await agent.close()


async def test_an_agent_publishes_and_finds_its_own_last_reading(nats_server: ServerUnderTest) -> None:
    """What an agent needs is allowed: its readings, and the newest of them to resume after."""
    agent = await nats_server.connect("agent")
    subject = subjects.events(NODE, "resume")
    assert await lookup.last(agent, subjects.JOURNAL, subject) is None
    ack = await agent.publish(subject, b"{}")
    found = await lookup.last(agent, subjects.JOURNAL, subject)
    assert found is not None
    assert found.seq == ack.seq
    await agent.close()


async def test_an_actuator_says_of_itself_how_it_is_and_nothing_else(nats_server: ServerUnderTest) -> None:
    """Its own metrics are the only readings that it may publish, and only on its own node."""
    bus = await nats_server.connect("actuator")
    await bus.publish(subjects.metrics(NODE, subjects.own_source("actuator")), b"{}")
    for subject in (
        subjects.metrics(NODE, "host"),
        subjects.metrics(NODE, subjects.own_source("agent")),
        subjects.metrics("n2", subjects.own_source("actuator")),
    ):
        with pytest.raises(PermissionDenied):
            await bus.publish(subject, b"{}")
    await bus.close()


async def test_people_act_through_control_messages(nats_server: ServerUnderTest) -> None:
    """An operator may send control messages in their own name, but neither commands nor outcomes nor audit records."""
    operator = await nats_server.connect("operator")
    await operator.publish(subjects.control("halt", getpass.getuser()), b"{}")
    for subject in (
        subjects.control("halt", "somebody else"),
        subjects.control("activate", getpass.getuser()),
        subjects.commands("process", NODE, "restart"),
        subjects.outcomes("process", NODE),
        subjects.audit("0"),
    ):
        with pytest.raises(PermissionDenied):
            await operator.publish(subject, b"{}")
    await operator.close()


async def test_a_wrong_password_is_refused_at_once(nats_server: ServerUnderTest) -> None:
    """Credentials that the server does not know are an error, not something to retry."""
    with pytest.raises(BusUnavailable, match="does not accept the credentials"):
        await Bus.connect(nats_server.url, "engine", "wrong", name="test")


def test_what_is_given_goes_before_the_environment_and_that_before_the_file(nats_server: ServerUnderTest) -> None:
    """A URL on the command line beats REFLEXARC_NATS_URL, which beats the file; the login likewise."""
    file = nats_server.credentials_file
    stored = load(file).access("agent")
    env = {"REFLEXARC_NATS_URL": "nats://a:p%40ss@env:4222"}
    assert find_access("agent", file=file, env={}) == stored
    assert find_access("agent", file=file, env=env) == ("nats://env:4222", "a", "p@ss")
    assert find_access("agent", url="cli:4222", file=file, env=env) == ("nats://cli:4222", stored.user, stored.password)
    with pytest.raises(CredentialsError, match="--nats URL"):
        find_access("agent", env={})


def test_broken_credentials_are_named(tmp_path: Path) -> None:
    """A credentials file that cannot be used is reported with its path and what is wrong."""
    file = tmp_path / "credentials.json"
    with pytest.raises(CredentialsError, match="No such file"):
        load(file)
    file.write_text('{"url": 1}')
    with pytest.raises(CredentialsError, match=r"credentials.json: Expected `str`, got `int` - at `\$.url`"):
        load(file)
    file.write_text(f'{{"url": "nats://{os.uname().nodename}", "roles": {{}}}}')
    with pytest.raises(CredentialsError, match="roles: agent, engine, actuator, operator missing"):
        load(file)
