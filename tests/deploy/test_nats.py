"""The server configuration for production: permissions as in the embedded server, and valid to the server."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.runtime.credentials import person_of
from engine.runtime.server_config import PEOPLE_SAY, permissions
from engine.runtime.server_process import find_binary
from schemas.subjects import control
from tests.deploy.paths import NATS
from tests.deploy.served import ENV, USERS


def check(config: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What the server says of the configuration; it does not start."""
    return subprocess.run(
        [find_binary(), "-t", "--config", config], env=env, capture_output=True, text=True, check=False
    )


def test_the_committed_users_are_current() -> None:
    """`deploy/nats/users.py` has been run after the last change of a permission."""
    document = USERS["document"](USERS["EXAMPLE_NODES"], USERS["EXAMPLE_PEOPLE"])
    assert (NATS / "users.conf").read_text(encoding="utf-8") == document


def test_a_login_may_do_what_its_role_may_on_its_node() -> None:
    """Permissions are those of the embedded server, but for the inbox, which is the login's own."""
    granted = permissions("agent", "web1", "agent-web1")
    embedded = permissions("agent", "web1", "agent")
    assert granted["publish"] == embedded["publish"]
    assert granted["subscribe"]["allow"] == ["_INBOX_agent-web1.>"]


def test_a_person_speaks_for_nobody_else() -> None:
    """What ann's login may say is said on subjects that bear her name, and to activate rules is none of it."""
    said = [each for each in permissions("operator", "ann", "operator-ann")["publish"]["allow"] if "control" in each]
    assert said == [f"ops.control.{verb}.ann" for verb in PEOPLE_SAY]


@pytest.mark.parametrize("person", ["ann", "ann.brown", "Jo Ann", "ÅsA%2E"])
def test_a_login_speaks_for_its_person_whatever_the_name(person: str) -> None:
    """What the command line says on behalf of a login is on the subjects that the server lets the login speak on."""
    written = USERS["document"]((), (person,))
    user = json.loads(re.findall(r'"user": ("operator-.*")', written)[0])
    assert person_of(user) == person
    assert f'"{control("approve", person_of(user))}"' in written


def test_the_server_accepts_it() -> None:
    """nats.conf with its users is valid, given a password for each login in the environment."""
    checked = check(NATS / "nats.conf", ENV)
    assert checked.returncode == 0, checked.stderr


def test_a_missing_password_keeps_the_server_from_starting() -> None:
    """A login without a password in the environment is an error, never a login without a password."""
    checked = check(NATS / "nats.conf", {name: value for name, value in ENV.items() if name != "ENGINE_PASSWORD"})
    assert checked.returncode != 0
    assert "ENGINE_PASSWORD" in checked.stderr


def test_the_server_accepts_it_as_one_of_three(tmp_path: Path) -> None:
    """With TLS and cluster, and a certificate in its place, it is valid too."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("openssl is not installed, so there is no certificate to try it with")
    key, certificate = tmp_path / "server.key", tmp_path / "server.crt"
    subprocess.run(
        [
            openssl,
            "req",
            "-x509",
            "-newkey",
            "ed25519",
            "-nodes",
            "-subj",
            "/CN=nats-1",
            "-keyout",
            key,
            "-out",
            certificate,
        ],
        check=True,
        capture_output=True,
    )
    shutil.copy(certificate, tmp_path / "ca.crt")
    shutil.copy(NATS / "users.conf", tmp_path)
    for part in ("tls.conf", "cluster.conf"):
        text = (NATS / part).read_text(encoding="utf-8")
        (tmp_path / part).write_text(text.replace("/etc/nats/tls", str(tmp_path)))
    server = (NATS / "nats.conf").read_text(encoding="utf-8")
    assert {"tls.conf", "cluster.conf"} <= set(re.findall(r'^# include "(.+)"$', server, re.MULTILINE))
    (tmp_path / "nats.conf").write_text(server.replace("# include", "include"))
    checked = check(tmp_path / "nats.conf", ENV)
    assert checked.returncode == 0, checked.stderr


def test_no_secret_is_in_it() -> None:
    """Passwords are named, not written: each is a variable of the server's environment."""
    for file in NATS.glob("*.conf"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.strip().startswith('"password"'):
                assert line.partition(":")[2].strip().startswith("$"), f"{file.name}: {line}"
