"""Writes `users.conf`: one login for each role of each node, each with what the role may do and nothing more.

    python deploy/nats/users.py NODE... > deploy/nats/users.conf

The permissions are those of the embedded server. Passwords are no part of it: the server takes each from its
environment, such as AGENT_WEB1_PASSWORD for the agent of node web1.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from engine.runtime.credentials import Role
from engine.runtime.server_config import permissions
from schemas.subjects import token

NODE_ROLES: tuple[Role, ...] = ("agent", "actuator")
"""One login of these for each node, for which alone they speak."""
SITE_ROLES: tuple[Role, ...] = ("engine", "operator")
EXAMPLE_NODES = ("web1", "web2")
"""The nodes of the file in the repository."""


def document(nodes: Sequence[str]) -> str:
    """The text of `users.conf` for these nodes."""
    lines = [
        "# Made by deploy/nats/users.py: make your own with the names of your nodes, and do not edit it.",
        "users: [",
        *(_user(user, role, node) for user, role, node in _logins(nodes)),
        "]",
    ]
    return "\n".join(lines) + "\n"


def password_variable(user: str) -> str:
    """The environment variable of the server that holds the password of `user`."""
    return re.sub(r"[^A-Z0-9]", "_", user.upper()) + "_PASSWORD"


def _logins(nodes: Sequence[str]) -> Iterator[tuple[str, Role, str]]:
    for role in SITE_ROLES:
        yield role, role, ""
    for node in nodes:
        for role in NODE_ROLES:
            yield f"{role}-{token(node)}", role, node


def _user(user: str, role: Role, node: str) -> str:
    granted = json.dumps(_permissions(user, role, node), indent=2).replace("\n", "\n    ")
    password = password_variable(user)
    return f"  {{\n    user: {json.dumps(user)}\n    password: ${password}\n    permissions: {granted}\n  }}"


def _permissions(user: str, role: Role, node: str) -> dict[str, Any]:
    granted = permissions(role, node)
    # Replies come to an inbox named after the user, so that logins of one role cannot read each other's.
    readable = [subject.replace(f"_INBOX_{role}.", f"_INBOX_{user}.") for subject in granted["subscribe"]["allow"]]
    return granted | {"subscribe": {"allow": readable}}


if __name__ == "__main__":
    sys.stdout.write(document(sys.argv[1:] or EXAMPLE_NODES))
