"""What is signed of a command: no two commands have the same bytes, and anybody can compute them from the pages."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.keys import SigningKey
from schemas.commands import HEADER_CAUSE, HEADER_EPOCH, HEADER_KEY_ID, HEADER_SIGNATURE
from schemas.signing import key_id, parse_public, public_text, signed_bytes

PARTS = st.tuples(st.text("ab.", max_size=3), st.text("ab.", max_size=3), st.text("01", max_size=3), st.binary())


def of(parts: tuple[str, str, str, bytes]) -> bytes:
    subject, cause, epoch, payload = parts
    return signed_bytes(key="k", subject=subject, epoch=epoch, cause=cause, payload=payload)


@given(PARTS, PARTS)
def test_what_differs_is_signed_differently(
    one: tuple[str, str, str, bytes], other: tuple[str, str, str, bytes]
) -> None:
    """No byte of one part can be read as part of the next."""
    assert (of(one) == of(other)) == (one == other)


def test_a_signature_is_what_the_page_says() -> None:
    """Computed by hand from docs/wire.md, with nothing of ours but the key."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    key = SigningKey(private)
    subject, payload = "ops.commands.process.web1.restart", b'{"id":"c"}'
    headers = key.headers(subject, {HEADER_EPOCH: "7", HEADER_CAUSE: "0.4711.2"}, payload)
    named = hashlib.sha256(private.public_key().public_bytes_raw()).hexdigest()[:16]
    covered = b"reflexarc command v1\n"
    for part in (named.encode(), subject.encode(), b"7", b"0.4711.2", payload):
        covered += len(part).to_bytes(8, "big") + part
    assert headers[HEADER_KEY_ID] == named == key.id
    assert headers[HEADER_SIGNATURE] == base64.b64encode(private.sign(covered)).decode()


def test_a_public_key_is_read_as_it_is_written() -> None:
    """And its id follows from it."""
    public = bytes(range(32))
    assert parse_public(public_text(public)) == public
    assert key_id(public) == hashlib.sha256(public).hexdigest()[:16]


@pytest.mark.parametrize(
    "text", ["", "ed25519:", "ed25519:AAAA", "rsa:" + "A" * 43 + "=", "A" * 43 + "=", "ed25519:" + "A" * 42 + "*="]
)
def test_what_is_no_public_key_is_named_with_what_was_expected(text: str) -> None:
    """A key that is cut off, of another kind, or bare is a mistake."""
    with pytest.raises(ValueError, match="expected a public key such as ed25519:"):
        parse_public(text)
