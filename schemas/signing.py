"""What the signature of a command covers, and how keys are named: the half of signing that crosses process boundaries.

A signature is Ed25519 over all that an actuator goes by: the key's id, the subject, the fencing token, the cause and
the exact bytes of the payload. Each part is preceded by its length, so that no byte can move from one part to the next,
and the whole by a text that nothing else we sign begins with. Nothing here holds a secret or computes a signature.
"""

import base64
import binascii
import hashlib

ALGORITHM = "ed25519"
KEY_BYTES = 32

_DOMAIN = b"reflexarc command v1\n"
_LENGTH_BYTES = 8


def signed_bytes(*, key: str, subject: str, epoch: str, cause: str, payload: bytes) -> bytes:
    """What is signed of a command that is published on `subject`; `epoch` and `cause` as in its headers."""
    parts = (key.encode(), subject.encode(), epoch.encode(), cause.encode(), payload)
    return _DOMAIN + b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in parts)


def key_id(public: bytes) -> str:
    """The name of a public key, which follows from it: 16 hex digits."""
    return hashlib.sha256(public).hexdigest()[:16]


def public_text(public: bytes) -> str:
    """A public key as people copy it: `ed25519:` and base64."""
    return f"{ALGORITHM}:{base64.b64encode(public).decode()}"


def parse_public(text: str) -> bytes:
    """The 32 bytes of a public key that `public_text` wrote. Raises `ValueError`."""
    algorithm, _, encoded = text.partition(":")
    try:
        public = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        public = b""
    if algorithm != ALGORITHM or len(public) != KEY_BYTES:
        raise ValueError(f"expected a public key such as {ALGORITHM}:4y9Q…=, as `reflexarc keys show` prints it")
    return public
