"""Writes `users.conf`: one login for each role of each node and for each person, each with what it may do and no more,
and in an account of its own.

    python deploy/nats/users.py NODE... --people PERSON... > deploy/nats/users.conf

The accounts are those of the embedded server. Passwords are no part of it: the server takes each from its
environment, such as AGENT_WEB1_PASSWORD for the agent of node web1, or OPERATOR_ANN_PASSWORD for ann.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence

from engine.runtime.credentials import Role
from engine.runtime.server_config import Speaker, accounts
from schemas.subjects import token

NODE_ROLES: tuple[Role, ...] = ("agent", "actuator")
"""One login of these for each node, for which alone they speak."""
EXAMPLE_NODES = ("web1", "web2")
EXAMPLE_PEOPLE = ("ann", "bob")
"""The nodes and people of the file in the repository."""


def document(nodes: Sequence[str], people: Sequence[str]) -> str:
    """The text of `users.conf` for these nodes and people."""
    speakers = (Speaker(*login, password_variable(login[0])) for login in _logins(nodes, people))
    text = json.dumps({"accounts": accounts(speakers)}, indent=2)
    # A password is a variable, which JSON has no way to write.
    text = re.sub(r'"password": "([A-Z0-9_]+)"', r'"password": $\1', text)
    return (
        f"# Made by deploy/nats/users.py: make your own with your nodes and people, and do not edit it.\n{text[2:-2]}\n"
    )


def password_variable(user: str) -> str:
    """The environment variable of the server that holds the password of `user`."""
    return re.sub(r"[^A-Z0-9]", "_", user.upper()) + "_PASSWORD"


def _logins(nodes: Sequence[str], people: Sequence[str]) -> Iterator[tuple[str, Role, str]]:
    """The login, its role, and for whom it speaks."""
    yield "engine", "engine", ""
    for person in people:
        yield f"operator-{token(person)}", "operator", person
    for node in nodes:
        for role in NODE_ROLES:
            yield f"{role}-{token(node)}", role, node


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("nodes", nargs="*", default=EXAMPLE_NODES)
    parser.add_argument("--people", nargs="+", default=EXAMPLE_PEOPLE)
    given = parser.parse_args()
    sys.stdout.write(document(given.nodes, given.people))
