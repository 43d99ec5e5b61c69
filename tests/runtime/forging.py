"""Every way that we can think of to have an actuator do what no engine that it trusts has asked of it."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from engine.runtime import keys
from engine.runtime.credentials import Access
from engine.runtime.publishing import now_ms
from engine.runtime.trust import AllowList, Trusted, allow_list
from schemas import subjects
from schemas.codec import encode
from schemas.commands import HEADER_CAUSE, HEADER_EPOCH, HEADER_KEY_ID, HEADER_SIGNATURE, Command, Origin, command_id
from schemas.reasons import Reason
from schemas.signing import signed_bytes

SCOPE = "n1"
DAY_MS = 24 * 3_600_000
EPOCH, OLD_EPOCH, CAUSE = "5", "4", "0.4711.2"

ENGINE, LIMITED, ELSEWHERE, ENDED, EARLY, STRANGER = (keys.generate() for _ in range(6))


def allowed() -> AllowList:
    """Whom the actuator under attack trusts."""
    return allow_list(
        [
            Trusted(name="engine", public=ENGINE.public, targets=("workload:*",), scopes=(SCOPE,)),
            Trusted(name="limited", public=LIMITED.public, verbs=("coll*",), targets=("workload:x*", "node:*")),
            Trusted(name="elsewhere", public=ELSEWHERE.public, scopes=("n2", "n3")),
            Trusted(name="ended", public=ENDED.public, not_after_ms=now_ms() - DAY_MS),
            Trusted(name="early", public=EARLY.public, not_before_ms=now_ms() + DAY_MS),
        ]
    )


class Sent(NamedTuple):
    """A message as it comes to the queue."""

    subject: str
    headers: dict[str, str]
    data: bytes


def restart(onset: int, **given: Any) -> Command:
    """What the engine asks for when all is well: a restart of `w`, under the id of this onset."""
    origin = Origin(kind="rule", name="shop/Restart")
    usual: dict[str, Any] = {
        "id": command_id(origin, "workload:w", onset, 0, 0, "restart"),
        "actuator": "process",
        "scope": SCOPE,
        "verb": "restart",
        "target": "workload:w",
        "lock": "workload:w",
        "args": {},
        "condition": {"generation": 1},
        "issued_ms": now_ms(),
        "deadline_ms": now_ms() + DAY_MS,
        "lease_ms": 10_000,
        "summary": "the worker is down",
        "origin": origin,
        "ladder": "l",
        "step": 0,
        "attempt": 0,
        "cause": onset,
        "index": 0,
    }
    return Command(**(usual | given))


def sent(command: Command, key: keys.SigningKey = ENGINE, epoch: str = EPOCH, cause: str = CAUSE) -> Sent:
    """As an engine with this key sends it."""
    return signed(subjects.commands(command.actuator, command.scope, command.verb), encode(command), key, epoch, cause)


def signed(subject: str, data: bytes, key: keys.SigningKey = ENGINE, epoch: str = EPOCH, cause: str = CAUSE) -> Sent:
    said = {HEADER_EPOCH: epoch, HEADER_CAUSE: cause}
    return Sent(subject, key.headers(subject, said, data), data)


Forge = Callable[[Command], Sent]
"""Makes of what an engine would send something that it did not."""


def unbelievable() -> Iterator[tuple[str, Forge, Reason]]:
    """What is not even known to come from an engine: each with its reason."""
    yield "no signature at all", without(HEADER_KEY_ID, HEADER_SIGNATURE), Reason.UNSIGNED
    yield "a key's id and no signature", without(HEADER_SIGNATURE), Reason.UNSIGNED
    yield "a signature of nobody", without(HEADER_KEY_ID), Reason.UNSIGNED
    yield "an empty signature", saying({HEADER_SIGNATURE: ""}), Reason.UNSIGNED
    yield "a stranger's key", lambda c: sent(c, STRANGER), Reason.UNKNOWN_KEY
    yield "a key with another letter", saying({HEADER_KEY_ID: ENGINE.id.upper() + "x"}), Reason.UNKNOWN_KEY
    yield "a stranger in the engine's name", _in_the_name_of_another, Reason.BAD_SIGNATURE
    yield "one engine in another's name", saying({HEADER_KEY_ID: LIMITED.id}), Reason.BAD_SIGNATURE
    yield "another target", altered(target="workload:db"), Reason.BAD_SIGNATURE
    yield "another argument", altered(args={"replica": 1}), Reason.BAD_SIGNATURE
    yield "a later deadline", altered(deadline_ms=2**50), Reason.BAD_SIGNATURE
    yield "no condition", altered(condition={}), Reason.BAD_SIGNATURE
    yield "another id", altered(id="0" * 32), Reason.BAD_SIGNATURE
    yield "a space at the end", lambda c: sent(c)._replace(data=sent(c).data + b" "), Reason.BAD_SIGNATURE
    yield "nothing in it", lambda c: sent(c)._replace(data=b""), Reason.BAD_SIGNATURE
    yield "on the subject of another verb", _on_another_subject, Reason.BAD_SIGNATURE
    yield "of another node", _of_another_node, Reason.BAD_SIGNATURE
    yield "a newer fencing token", saying({HEADER_EPOCH: "6"}), Reason.BAD_SIGNATURE
    yield "no fencing token", without(HEADER_EPOCH), Reason.UNFENCED
    yield "a fencing token that is a word", saying({HEADER_EPOCH: "newest"}), Reason.UNFENCED
    yield "a fencing token below zero", saying({HEADER_EPOCH: "-1"}), Reason.UNFENCED
    yield "a fencing token without end", saying({HEADER_EPOCH: "9" * 400}), Reason.UNFENCED
    yield "another cause", saying({HEADER_CAUSE: "1.4711.2"}), Reason.BAD_SIGNATURE
    yield "no cause", without(HEADER_CAUSE), Reason.BAD_SIGNATURE
    yield "a digit moved", saying({HEADER_EPOCH: "50", HEADER_CAUSE: ".4711.2"}), Reason.BAD_SIGNATURE
    yield "half a signature", _with_signature(lambda c: _signature(c)[:32]), Reason.BAD_SIGNATURE
    yield "a signature of zeros", _with_signature(lambda c: bytes(64)), Reason.BAD_SIGNATURE
    yield "a signature and more", _with_signature(lambda c: _signature(c) + b"\0"), Reason.BAD_SIGNATURE
    yield "no base64", saying({HEADER_SIGNATURE: "***"}), Reason.BAD_SIGNATURE
    yield "another command's signature", _of_another_command, Reason.BAD_SIGNATURE
    yield "the payload alone signed", _with_signature(lambda c: _raw(encode(c))), Reason.BAD_SIGNATURE
    yield "signed for another purpose", _with_signature(_for_another_purpose), Reason.BAD_SIGNATURE
    yield "a key that has ended", lambda c: sent(c, ENDED), Reason.KEY_NOT_VALID
    yield "a key of the future", lambda c: sent(c, EARLY), Reason.KEY_NOT_VALID
    yield "signed, and no command", lambda c: signed(sent(c).subject, b"restart it"), Reason.UNDECODABLE
    yield "signed for another's queue", _signed_for_another, Reason.UNDECODABLE


def without(*names: str) -> Forge:
    def forge(command: Command) -> Sent:
        subject, headers, data = sent(command)
        return Sent(subject, {name: text for name, text in headers.items() if name not in names}, data)

    return forge


def saying(headers: dict[str, str]) -> Forge:
    return lambda command: sent(command)._replace(headers=sent(command).headers | headers)


def altered(**fields: Any) -> Forge:
    return lambda command: sent(command)._replace(data=encode(msgspec.structs.replace(command, **fields)))


def _in_the_name_of_another(command: Command) -> Sent:
    return sent(command, STRANGER)._replace(
        headers=sent(command, STRANGER).headers | {HEADER_KEY_ID: ENGINE.id},
    )


def _on_another_subject(command: Command) -> Sent:
    return sent(command)._replace(subject=subjects.commands(command.actuator, command.scope, "rollback"))


def _of_another_node(command: Command) -> Sent:
    there = sent(msgspec.structs.replace(command, scope="n2"))
    return there._replace(subject=sent(command).subject)


def _of_another_command(command: Command) -> Sent:
    other = sent(msgspec.structs.replace(command, id="f" * 32))
    return sent(command)._replace(headers=other.headers)


def _signed_for_another(command: Command) -> Sent:
    return signed(sent(command).subject, encode(msgspec.structs.replace(command, verb="rollback")))


def _with_signature(make: Callable[[Command], bytes]) -> Forge:
    def forge(command: Command) -> Sent:
        return saying({HEADER_SIGNATURE: base64.b64encode(make(command)).decode()})(command)

    return forge


def _signature(command: Command) -> bytes:
    return base64.b64decode(sent(command).headers[HEADER_SIGNATURE])


def _for_another_purpose(command: Command) -> bytes:
    """Over the same parts, but not under the words that a command begins with."""
    covered = signed_bytes(
        key=ENGINE.id, subject=sent(command).subject, epoch=EPOCH, cause=CAUSE, payload=encode(command)
    )
    return _raw(covered.replace(b"command", b"invoice", 1))


def _raw(covered: bytes) -> bytes:
    """What the engine's key signs, if it signs anything."""
    signature: bytes = _private(ENGINE).sign(covered)
    return signature


def _private(key: keys.SigningKey) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    return load_pem_private_key(key.pem(), password=None)


async def publish_raw(access: Access, subject: bytes) -> None:
    """Publish on a subject that our own client could not name."""
    server = urlsplit(access.url)
    reader, writer = await asyncio.open_connection(server.hostname, server.port)
    await reader.readline()
    login = msgspec.json.encode({"user": access.user, "pass": access.password, "verbose": True})
    writer.write(b"CONNECT " + login + b"\r\nPUB " + subject + b" 4\r\nstop\r\n")
    assert [await reader.readline() for _ in range(2)] == [b"+OK\r\n"] * 2
    writer.close()
    await writer.wait_closed()
