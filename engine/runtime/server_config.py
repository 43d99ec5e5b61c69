"""The embedded server's configuration: how it stores, and what each role may do.

`deploy/` holds the same permissions for a server elsewhere. Nothing here starts anything.
"""

from pathlib import Path
from typing import Any

import msgspec

from engine.runtime.credentials import Credentials, Role, person_of
from engine.runtime.server_process import HOST
from schemas.subjects import COMMANDS, JOURNAL, own_source, token

MAX_PAYLOAD_BYTES = 8 * 1024 * 1024

Permissions = dict[str, Any]


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
                "authorization": {
                    "users": [
                        {
                            "user": login.user,
                            "password": login.password,
                            "permissions": permissions(
                                role, person_of(login.user) if role == "operator" else node, login.user
                            ),
                        }
                        for role, login in credentials.roles.items()
                    ]
                },
            }
        )
    )


def permissions(role: Role, speaks_for: str, user: str) -> Permissions:
    """What the login `user` of a role may publish and subscribe to. An agent and an actuator speak for one node, an
    operator for one person.
    """
    name = token(speaks_for)
    match role:
        case "agent":
            # No other role's own metrics, though they are of its node.
            others = [f"ops.metrics.{name}.{own_source(other)}" for other in ("actuator", "engine")]
            return _allow(role, user, _agent(name), others)
        case "actuator":
            return _allow(role, user, _actuator(name))
        case "engine":
            return _allow(role, user, ["ops.>", "$JS.>", "$KV.>", "$O.>"])
        case "operator":
            return _allow(role, user, _operator(name))


def _allow(role: Role, user: str, publish: list[str], never: list[str] | None = None) -> Permissions:
    return {
        "publish": {"allow": publish} | ({"deny": never} if never else {}),
        # Replies to its own requests, which no other login can read, and requests to the role itself.
        "subscribe": {"allow": [f"_INBOX_{user}.>", f"ops.requests.{role}.>"]},
        "allow_responses": True,
    }


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
        *(f"$JS.API.DIRECT.GET.KV_{bucket}{rest}" for bucket in ("ledger", "inventory", "halt") for rest in ("", ".>")),
        # Evidence.
        "$O.evidence.>",
        "$JS.API.DIRECT.GET.OBJ_evidence",
        "$JS.API.DIRECT.GET.OBJ_evidence.>",
        "$JS.API.STREAM.PURGE.OBJ_evidence",
    ]


PEOPLE_SAY = ("abort", "act", "approve", "emergency", "halt", "play", "resume")
"""The control messages that are people's. To activate rules is the engine's."""


def _operator(person: str) -> list[str]:
    """People look at everything, and act through control messages, under the same guardrails and audit as a rule."""
    return [
        *(f"ops.control.{verb}.{person}" for verb in PEOPLE_SAY),
        "ops.requests.>",
        # The halt, which actuators see at once.
        "$KV.halt.>",
        # Reading streams, and nothing that changes one.
        "$JS.API.INFO",
        "$JS.API.STREAM.INFO.*",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.LIST",
        "$JS.API.DIRECT.GET.>",
        "$JS.API.CONSUMER.CREATE.>",
        "$JS.API.CONSUMER.MSG.NEXT.>",
    ]
