"""Whom an actuator believes, and what it lets them do: its own allow list, and the judgement of a message by it.

Pure: no clock and no I/O. A message is judged by what it is, the list, and when the server stored it.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas.commands import HEADER_CAUSE, HEADER_EPOCH, HEADER_KEY_ID, HEADER_SIGNATURE, Command
from schemas.reasons import Reason
from schemas.signing import key_id, signed_bytes
from schemas.wording import shown

_MOST_DIGITS = 18

ANYTHING = ("*",)


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """A key of an engine, by the name that people gave it, and what it may ask for: verbs, targets and scopes, each
    one of some globs. A command must have been stored from `not_before_ms` on and before `not_after_ms` (Unix), where
    they are given.
    """

    name: str
    public: bytes
    verbs: tuple[str, ...] = ANYTHING
    targets: tuple[str, ...] = ANYTHING
    scopes: tuple[str, ...] = ANYTHING
    not_before_ms: int | None = None
    not_after_ms: int | None = None
    key: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", Ed25519PublicKey.from_public_bytes(self.public))

    def valid_at(self, time_ms: int) -> bool:
        """Whether a command that was stored then may be signed with it."""
        early = self.not_before_ms is not None and time_ms < self.not_before_ms
        return not early and (self.not_after_ms is None or time_ms < self.not_after_ms)

    def forbids(self, command: Command) -> str | None:
        """What of the command is not in the list, in words."""
        for what, given, allowed in (
            ("verb", command.verb, self.verbs),
            ("target", command.target, self.targets),
            ("scope", command.scope, self.scopes),
        ):
            if not any(fnmatchcase(given, glob) for glob in allowed):
                return f"{self.name}: {what} {shown(given)} is none of {', '.join(allowed) or 'nothing'}"
        return None


AllowList = Mapping[str, Trusted]
"""By the id of the key."""

Trust = Callable[[], AllowList]
"""The allow list as it is now."""


def allow_list(trusted: Iterable[Trusted]) -> AllowList:
    """The allow list of these."""
    return {key_id(each.public): each for each in trusted}


class Refusal(NamedTuple):
    """Why a message is not taken for a command."""

    reason: Reason
    detail: str


class Verified(NamedTuple):
    """Who signed a message, and the fencing token that they signed it under: `epoch` of the engines of `shard`."""

    by: Trusted
    shard: str
    epoch: int


def verify(
    allowed: AllowList, subject: str, headers: Mapping[str, str], payload: bytes, stored_ms: int
) -> Verified | Refusal:
    """Whether the message is what an engine in the list has signed. What it says is not looked at before that."""
    key, signature = headers.get(HEADER_KEY_ID, ""), headers.get(HEADER_SIGNATURE, "")
    epoch, cause = headers.get(HEADER_EPOCH, ""), headers.get(HEADER_CAUSE, "")
    if not (key and signature):
        return Refusal(Reason.UNSIGNED, f"{HEADER_SIGNATURE}: expected a signature")
    trusted = allowed.get(key)
    if trusted is None:
        return Refusal(Reason.UNKNOWN_KEY, f"key {shown(key)} is none of {', '.join(allowed) or 'none'}")
    if not (epoch.isascii() and epoch.isdigit() and len(epoch) <= _MOST_DIGITS):
        return Refusal(Reason.UNFENCED, f"{HEADER_EPOCH}: expected a number, got {shown(epoch)}")
    covered = signed_bytes(key=key, subject=subject, epoch=epoch, cause=cause, payload=payload)
    if not _is_signature(trusted.key, signature, covered):
        return Refusal(Reason.BAD_SIGNATURE, f"it is not what {trusted.name} signed")
    if not trusted.valid_at(stored_ms):
        return Refusal(Reason.KEY_NOT_VALID, f"{trusted.name}: its key was not valid when the command was stored")
    return Verified(trusted, cause.rpartition(".")[0].rpartition(".")[0], int(epoch))


def _is_signature(key: Ed25519PublicKey, text: str, covered: bytes) -> bool:
    try:
        key.verify(base64.b64decode(text, validate=True), covered)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
