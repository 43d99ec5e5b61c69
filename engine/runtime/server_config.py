"""The embedded server's configuration: how it stores, and what each role may do.

A login's leave to publish is not all that keeps it from elsewhere: whoever asks a server chooses where the answer goes,
and the server lets an answer go to any subject, so into any stream and to its own API. So each login but the engine's
is in an account of its own, where an answer reaches nothing but what that account imports of the engine's: what the
login may say itself. `deploy/` holds the same for a server elsewhere. Nothing here starts anything.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from engine.runtime.connection import mapped_api
from engine.runtime.credentials import Credentials, Role, person_of
from engine.runtime.server_process import HOST
from schemas.subjects import ALERTS, AUDIT, COMMANDS, DEAD, JOURNAL, own_source, token

MAX_PAYLOAD_BYTES = 8 * 1024 * 1024

ACCOUNT = "REFLEXARC"
"""The account of the engine, whose the streams are."""

_API = "$JS.API."
_MAPPED = mapped_api(_API)
"""Each account has an API of its own at `$JS.API`, so what asks for that of the engine's is mapped to this."""

Permissions = dict[str, Any]


class Speaker(NamedTuple):
    """A login, and for whom it speaks. Its password is as the configuration writes it."""

    user: str
    role: Role
    speaks_for: str
    password: str


def render(*, port: int, directory: Path, pid_file: Path, node: str, credentials: Credentials) -> bytes:
    """The configuration file. It holds the passwords. JSON, which the server's own format includes."""
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "server_name": f"reflexarc-{token(node)}",
                "host": HOST,
                "port": port,
                # Monitoring tells who is connected and asks for no password: for this machine only. Its port is
                # chosen by the server, which writes it down.
                "http": f"{HOST}:-1",
                "ports_file_dir": str(directory),
                "pid_file": str(pid_file),
                "max_payload": MAX_PAYLOAD_BYTES,
                # Acknowledged means written *and* synced; the default syncs every two minutes.
                "jetstream": {"store_dir": str(directory), "sync_interval": "always"},
                "accounts": accounts(
                    Speaker(login.user, role, person_of(login.user) if role == "operator" else node, login.password)
                    for role, login in credentials.roles.items()
                ),
            }
        )
    )


def accounts(speakers: Iterable[Speaker]) -> dict[str, Any]:
    """The accounts of these logins: the engine's with the streams, and one for each of the others."""
    home: dict[str, Any] = {"jetstream": "enabled", "users": [], "exports": []}
    others: dict[str, Any] = {}
    lent: dict[str, list[str]] = {}
    for user, role, speaks_for, password in speakers:
        granted = permissions(role, speaks_for, user)
        login = {"user": user, "password": password, "permissions": granted}
        if role == "engine":
            home["users"].append(login)
            continue
        subjects = may_publish(role, speaks_for)
        others[f"of-{user}"] = {
            "users": [login],
            "mappings": {f"{_API}>": f"{_MAPPED}>"},
            "imports": [_import(subject) for subject in subjects],
        }
        for subject in subjects:
            lent.setdefault(subject, []).append(f"of-{user}")
    home["exports"] = [_export(subject, borrowers) for subject, borrowers in lent.items()]
    return {ACCOUNT: home, **others}


def _import(subject: str) -> Mapping[str, Any]:
    return {"service": {"account": ACCOUNT, "subject": subject}} | (
        {"to": mapped_api(subject)} if subject.startswith(_API) else {}
    )


def _export(subject: str, borrowers: list[str]) -> Mapping[str, Any]:
    """Where many answers come to one question the server is told, and remembers for as long as the inbox lives."""
    several = subject in _ANSWERED_OFTEN or subject.startswith(f"{_API}CONSUMER.MSG.NEXT.")
    return {"service": subject, "accounts": borrowers} | ({"response_type": "stream"} if several else {})


def permissions(role: Role, speaks_for: str, user: str) -> Permissions:
    """What the login `user` of a role may publish and subscribe to. An agent and an actuator speak for one node, an
    operator for one person.
    """
    publish: dict[str, list[str]] = {"allow": [mapped_api(subject) for subject in may_publish(role, speaks_for)]}
    if role == "agent":
        # No other role's own metrics, though they are of its node.
        own = token(speaks_for)
        publish["deny"] = [f"ops.metrics.{own}.{own_source(other)}" for other in ("actuator", "engine")]
    # Replies to its own requests, which no other login can read.
    subscribe = {"allow": [f"_INBOX_{user}.>"]}
    if role != "engine":
        return {"publish": publish, "subscribe": subscribe}
    subscribe["allow"].append("ops.requests.engine.>")
    return {"publish": publish, "subscribe": subscribe, "allow_responses": True}


def may_publish(role: Role, speaks_for: str) -> list[str]:
    """The subjects that a role may publish on, as clients name them."""
    name = token(speaks_for)
    match role:
        case "agent":
            return _agent(name)
        case "actuator":
            return _actuator(name)
        case "engine":
            return ["ops.>", "$JS.>", "$KV.>", "$O.>"]
        case "operator":
            return _operator(name)


def _agent(node: str) -> list[str]:
    """Readings of its own node, and its own last reading, after which a tail resumes."""
    return [
        f"ops.metrics.{node}.>",
        f"ops.events.{node}.>",
        f"$JS.API.DIRECT.GET.{JOURNAL}.ops.metrics.{node}.>",
        f"$JS.API.DIRECT.GET.{JOURNAL}.ops.events.{node}.>",
    ]


def _actuator(node: str) -> list[str]:
    return [
        # What it answers and what it owns.
        f"ops.outcomes.*.{node}",
        f"ops.inventory.{node}",
        # Its own metrics.
        f"ops.metrics.{node}.{own_source('actuator')}",
        # Commands that it cannot decode.
        "ops.dead.commands.>",
        # Taking commands from the queue and acknowledging them.
        f"$JS.API.CONSUMER.DURABLE.CREATE.{COMMANDS}.>",
        f"$JS.API.CONSUMER.MSG.NEXT.{COMMANDS}.>",
        f"$JS.ACK.{COMMANDS}.>",
        f"$JS.ACK.*.*.{COMMANDS}.>",
        # Its own last outcome and inventory.
        f"$JS.API.DIRECT.GET.{JOURNAL}.ops.outcomes.*.{node}",
        f"$JS.API.DIRECT.GET.{JOURNAL}.ops.inventory.{node}",
        # Claims; the halt, which it only reads; the inventory.
        "$KV.ledger.>",
        "$KV.inventory.>",
        *(f"$JS.API.DIRECT.GET.KV_{bucket}.>" for bucket in ("ledger", "inventory", "halt")),
        # Evidence.
        "$O.evidence.>",
        "$JS.API.DIRECT.GET.OBJ_evidence",
        "$JS.API.DIRECT.GET.OBJ_evidence.>",
        "$JS.API.STREAM.PURGE.OBJ_evidence",
    ]


_ANSWERED_OFTEN = ("$JS.API.DIRECT.GET.*", "$JS.API.DIRECT.GET.OBJ_evidence")
"""Here a batch is asked for; below it, by a subject, one message."""

PEOPLE_SAY = ("abort", "act", "approve", "emergency", "halt", "play", "resume")
"""The control messages that are people's. To activate rules is the engine's."""
PEOPLE_FOLLOW = (JOURNAL, ALERTS, AUDIT, DEAD)
"""The streams that they read message by message."""


def _operator(person: str) -> list[str]:
    """People look at everything, and act through control messages, under the same guardrails and audit as a rule."""
    return [
        *(f"ops.control.{verb}.{person}" for verb in PEOPLE_SAY),
        "ops.requests.engine.>",
        # The halt, which actuators see at once.
        "$KV.halt.>",
        # Reading streams, and nothing that changes one.
        "$JS.API.INFO",
        "$JS.API.STREAM.INFO.*",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.LIST",
        "$JS.API.DIRECT.GET.*",
        "$JS.API.DIRECT.GET.*.>",
        # What is read in order. Whoever has a consumer of the queue of commands takes them from an actuator.
        *(f"$JS.API.CONSUMER.{ask}.{stream}.>" for stream in PEOPLE_FOLLOW for ask in ("CREATE", "MSG.NEXT")),
    ]
