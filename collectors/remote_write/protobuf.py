"""The protobuf encoding, as far as remote write's messages need it. Pure: bytes in, fields out."""

from collections.abc import Iterator
from typing import NamedTuple

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5
_SIZES = {FIXED64: 8, FIXED32: 4}
_LONGEST_VARINT = 10
_MASK = 2**64 - 1


class Malformed(ValueError):
    """The bytes are not what the protocol says; the sender is told why."""


class Field(NamedTuple):
    """One field of a message: `begin` is where its tag is, `start` to `stop` what it holds."""

    number: int
    kind: int
    begin: int
    start: int
    stop: int


def varint(data: bytes, at: int, stop: int) -> tuple[int, int]:
    """The unsigned number at `at` and where the next thing begins. Raises `Malformed`."""
    value = 0
    for shift, byte in enumerate(data[at : min(at + _LONGEST_VARINT, stop)]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value & _MASK, at + shift + 1
    raise Malformed(f"byte {at}: expected a number, got one that does not end")


def field(data: bytes, at: int, stop: int) -> Field:
    """The field whose tag is at `at`, in a message that ends at `stop`. Raises `Malformed`."""
    tag, start = varint(data, at, stop)
    number, kind = tag >> 3, tag & 7
    if number == 0:
        raise Malformed(f"byte {at}: expected a field, got number 0")
    if kind == VARINT:
        _, end = varint(data, start, stop)
    elif kind == DELIMITED:
        length, start = varint(data, start, stop)
        end = start + length
    elif kind in _SIZES:
        end = start + _SIZES[kind]
    else:
        raise Malformed(f"byte {at}: field {number} has the unknown wire type {kind}")
    if end > stop:
        raise Malformed(f"byte {at}: field {number} is longer than what holds it")
    return Field(number, kind, at, start, end)


def fields(data: bytes, at: int, stop: int) -> Iterator[Field]:
    """The fields of the message between `at` and `stop`. Raises `Malformed`."""
    while at < stop:
        found = field(data, at, stop)
        yield found
        at = found.stop


def expect(found: Field, kind: int, what: str) -> None:
    """Raises `Malformed` where the field is encoded as something else than `what` is."""
    if found.kind != kind:
        raise Malformed(f"byte {found.begin}: {what}: expected wire type {kind}, got {found.kind}")


def text(data: bytes, found: Field, what: str) -> str:
    """The text of a field. Raises `Malformed`."""
    expect(found, DELIMITED, what)
    try:
        return data[found.start : found.stop].decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"byte {found.start}: {what}: expected UTF-8") from error


def signed(value: int) -> int:
    """An int64 as its varint encodes it."""
    return value - 2**64 if value >= 2**63 else value


def delimited(number: int, content: bytes) -> bytes:
    """A field that holds `content`, in the one shortest encoding."""
    return bytes([number << 3 | DELIMITED]) + _varint_bytes(len(content)) + content


def _varint_bytes(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
