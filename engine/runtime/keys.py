"""The key that an engine signs its commands with: a file that only its owner may read, and what it is used for.

The private half leaves this module only as bytes of such a file; it is in no log, no message and no representation.
"""

import base64
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from schemas.commands import HEADER_CAUSE, HEADER_EPOCH, HEADER_KEY_ID, HEADER_SIGNATURE
from schemas.signing import key_id, signed_bytes

log = structlog.get_logger()

_MOST_BYTES = 10_000
_OTHERS = 0o077


class KeyFileError(Exception):
    """A key file cannot be used; the message names it and what is wrong."""


class SigningKey:
    """A private key, and what it signs."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = key_id(self.public)

    def headers(self, subject: str, said: Mapping[str, str], payload: bytes) -> dict[str, str]:
        """The headers of a command, `said`, and with them the signature over them, its subject and its payload."""
        covered = signed_bytes(
            key=self.id, subject=subject, epoch=said[HEADER_EPOCH], cause=said[HEADER_CAUSE], payload=payload
        )
        signature = base64.b64encode(self._private.sign(covered)).decode()
        return {**said, HEADER_KEY_ID: self.id, HEADER_SIGNATURE: signature}

    def pem(self) -> bytes:
        """The content of its file: PKCS#8, which `openssl` reads and writes."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def generate() -> SigningKey:
    """A new key."""
    return SigningKey(Ed25519PrivateKey.generate())


def create(path: Path, key: SigningKey) -> None:
    """Write a new file, whole and synced, which at no moment anybody else may read. Raises `KeyFileError`, also where
    there is one already.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.pem())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error


def load(path: Path) -> SigningKey:
    """Read a key. Raises `KeyFileError`, also where others than its owner may read it."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_MOST_BYTES)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    if mode & _OTHERS:
        raise KeyFileError(f"{path}: mode {mode:04o}, expected 0600: others than its owner may use the key")
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None  # what the library says of it might quote the content
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(
            f"{path}: expected an Ed25519 private key in PEM, not encrypted, as `reflexarc keys create` makes it"
        )
    return SigningKey(private)


class KeyFile:
    """The key of a file, as it is now: a file that is replaced is read again, and one that is worse is not used."""

    def __init__(self, path: Path) -> None:
        """Raises `KeyFileError`."""
        self._path = path
        self._seen = _identity(path)
        self._key = load(path)

    def current(self) -> SigningKey:
        """The key to sign with now."""
        seen = _identity(self._path)
        if seen != self._seen:
            self._seen = seen
            try:
                self._key = load(self._path)
                log.info("signing_key_changed", key=self._key.id)
            except KeyFileError as error:
                log.error("signing_key_refused", error=str(error), still=self._key.id)
        return self._key


def _identity(path: Path) -> tuple[int, ...]:
    """What changes when the file does; empty where there is none."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode
