"""The units: hardened, accepted by systemd, and starting commands that there are."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli.config import load
from engine.cli.main import parser
from tests import peers
from tests.deploy.paths import SYSTEMD

ROLES = ("agent", "engine", "actuator")
SERVICES = (*ROLES, "nats")
PREFIX = "/opt/reflexarc"
HIGHEST_EXPOSURE = {"agent": 1.8, "engine": 1.3, "actuator": 2.0, "nats": 1.3}
"""Of 10; what `systemd-analyze security` calls OK ends at 4.9. The actuator's is what its workloads need."""


def unit(name: str) -> Path:
    return SYSTEMD / f"reflexarc-{name}.service"


def settings(name: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit(name).read_text(encoding="utf-8"), re.MULTILINE)


def start_words(name: str) -> list[str]:
    (command,) = settings(name, "ExecStart")
    return shlex.split(command)


@pytest.fixture(scope="session")
def analyze() -> str:
    return peers.installed("systemd-analyze", "systemd")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as installed here: what they start is there."""
    for file in SYSTEMD.glob("reflexarc*"):
        text = file.read_text(encoding="utf-8").replace(PREFIX, sys.prefix)
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("role", ROLES)
def test_a_unit_starts_its_role(role: str) -> None:
    """The arguments of ExecStart are the command line's own, and the last one is the role."""
    program, *arguments = start_words(role)
    assert program == f"{PREFIX}/bin/reflexarc"
    assert parser().parse_args(arguments).module == role


@pytest.mark.parametrize("role", ROLES)
def test_a_role_keeps_its_state_where_systemd_lets_it_write(role: str) -> None:
    """`--state-dir` and StateDirectory mean the same place."""
    args = parser().parse_args(start_words(role)[1:])
    assert settings(role, "StateDirectory") == [f"{args.state_dir.name}/{role}"]
    assert str(args.state_dir.parent) == "/var/lib"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_its_own_credentials(role: str) -> None:
    """What LoadCredential hands out is what the configuration reads, and no other role's."""
    (credential,) = settings(role, "LoadCredential")
    (variable,) = settings(role, "Environment")
    name, _, source = credential.partition(":")
    assert source == f"/etc/reflexarc/{role}.json"
    env = dict([variable.replace("%d", "/run/credentials").split("=", 1)])
    assert load(None, env, {}).credentials_file == Path("/run/credentials") / name


def test_workloads_survive_their_actuator() -> None:
    """A stop of the unit ends the actuator alone, and nothing takes their memory or their /tmp away."""
    assert settings("actuator", "KillMode") == ["process"]
    assert settings("actuator", "OOMPolicy") == ["continue"]
    assert not settings("actuator", "PrivateTmp")
    assert not settings("actuator", "MemoryMax")


def test_users_and_credentials_of_the_units_are_declared() -> None:
    """sysusers.conf makes every user and group, and tmpfiles.conf closes every secret."""
    sysusers = (SYSTEMD / "sysusers.conf").read_text(encoding="utf-8")
    tmpfiles = (SYSTEMD / "tmpfiles.conf").read_text(encoding="utf-8")
    for service in SERVICES:
        (user,) = settings(service, "User")
        assert re.search(rf"^u {user} ", sysusers, re.MULTILINE)
        secrets = [value.partition(":")[2] for value in settings(service, "LoadCredential")]
        for secret in [*secrets, *settings(service, "EnvironmentFile")]:
            assert f"z {secret} 0600 root root" in tmpfiles


def test_systemd_accepts_the_units(analyze: str, installed: Path) -> None:
    """`systemd-analyze verify` has nothing to say about them."""
    files = sorted(installed.iterdir())
    verified = subprocess.run([analyze, "verify", "--man=no", *files], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.mark.parametrize("service", SERVICES)
def test_exposure_stays_low(service: str, analyze: str) -> None:
    """`systemd-analyze security` finds no more exposed than it was."""
    threshold = str(round(HIGHEST_EXPOSURE[service] * 10))
    rated = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", f"--threshold={threshold}", unit(service)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout.splitlines()[-1]
