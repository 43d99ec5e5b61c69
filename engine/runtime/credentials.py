"""Who a process is to the bus: the URL, and the user and password of its role.

The embedded server's are generated once and kept in a file that only its owner reads; a role that is started by hand
against a server elsewhere brings its own.
"""

import getpass
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from schemas.subjects import token, untoken

Role = Literal["agent", "engine", "actuator", "operator"]
ROLES: tuple[Role, ...] = ("agent", "engine", "actuator", "operator")

ENV_URL = "REFLEXARC_NATS_URL"
ENV_USER = "REFLEXARC_NATS_USER"
ENV_PASSWORD = "REFLEXARC_NATS_PASSWORD"


_PERSON = "operator-"


class CredentialsError(Exception):
    """The credentials cannot be used; the message says what to do."""


class Access(NamedTuple):
    """What `Bus.connect` needs. Without a user the server lets anybody in, or refuses."""

    url: str
    user: str | None = None
    password: str | None = None


class Login(msgspec.Struct, frozen=True):
    user: str
    password: str


class Credentials(msgspec.Struct, frozen=True):
    """The content of `credentials.json`: where the server is, and a login for each role."""

    url: str
    roles: dict[Role, Login]

    def access(self, role: Role) -> Access:
        return Access(self.url, self.roles[role].user, self.roles[role].password)


def generate(url: str) -> Credentials:
    """New credentials. The user is named as the role, and the operator after the person that we are."""
    return Credentials(url, {role: Login(_user(role), secrets.token_urlsafe(24)) for role in ROLES})


def person_of(user: str | None) -> str:
    """The person that the login of an operator belongs to: `operator-ann` is ann's, whose name is encoded as in a
    subject. Any other is of whoever we are.
    """
    return untoken(user.removeprefix(_PERSON)) if user and user.startswith(_PERSON) else getpass.getuser()


def _user(role: Role) -> str:
    return f"{_PERSON}{token(getpass.getuser())}" if role == "operator" else role


def load(path: Path, needed: Sequence[Role] = ROLES) -> Credentials:
    """Read them. Raises `CredentialsError` naming the file and what is wrong with it, such as a needed role missing."""
    try:
        credentials = msgspec.json.decode(path.read_bytes(), type=Credentials)
    except OSError as error:
        raise CredentialsError(f"{path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise CredentialsError(f"{path}: {error}") from error
    if missing := [role for role in needed if role not in credentials.roles]:
        raise CredentialsError(f"{path}: roles: {', '.join(missing)} missing")
    return credentials


def save(path: Path, credentials: Credentials) -> None:
    """Write them, at no moment readable by anybody else, and as a whole or not at all."""
    write_private(path, msgspec.json.format(msgspec.json.encode(credentials)))


def write_private(path: Path, content: bytes) -> None:
    """Replace a file by one that only its owner may read."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def find_access(
    role: Role, *, url: str | None = None, file: Path | None = None, env: Mapping[str, str] = os.environ
) -> Access:
    """How `role` reaches the bus: what is given here goes before the environment, and that before the file.

    `url` (or `REFLEXARC_NATS_URL`) may hold the login as `nats://user:password@host:port`. Raises `CredentialsError`.
    """
    # A role's own host need not hold the logins of the others.
    stored = load(file, (role,)).access(role) if file else None
    given = url or env.get(ENV_URL)
    if given is None and stored is None:
        raise CredentialsError(f"no server: give --nats URL, {ENV_URL}, or a credentials file")
    access = _from_url(given) if given else stored
    assert access is not None
    if access.user is None and env.get(ENV_USER):
        access = Access(access.url, env[ENV_USER], env.get(ENV_PASSWORD, ""))
    if access.user is None and stored:
        access = Access(access.url, stored.user, stored.password)
    return access


def _from_url(url: str) -> Access:
    parts = urlsplit(url if "://" in url else f"nats://{url}")
    if not parts.hostname:
        raise CredentialsError(f"{url!r} is not a server's URL, expected one such as nats://host:4222")
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    if parts.username is None:
        return Access(bare)
    return Access(bare, unquote(parts.username), unquote(parts.password or ""))
