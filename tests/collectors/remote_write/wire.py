"""Write requests as a sender encodes them, written down a second time, so that no mistake cancels out."""

import struct
from collections.abc import Iterable, Mapping, Sequence

Sample = tuple[int, float]
"""Time in milliseconds, value."""

Series = tuple[Mapping[str, str], Sequence[Sample]]


def number(value: int) -> bytes:
    """A varint."""
    value &= 2**64 - 1
    encoded = b""
    while value >= 128:
        encoded += bytes([value % 128 + 128])
        value //= 128
    return encoded + bytes([value])


def holding(tag: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return number(tag * 8 + 2) + number(len(content)) + content


def label(name: str | bytes, value: str | bytes) -> bytes:
    return holding(1, b"".join(holding(tag, _bytes(part)) for tag, part in ((1, name), (2, value)) if part))


def _bytes(part: str | bytes) -> bytes:
    return part.encode() if isinstance(part, str) else part


def sample(time_ms: int, value: float) -> bytes:
    """As encoders do, which leave out what is zero."""
    packed = struct.pack("<d", value)
    return holding(2, (b"\x09" + packed if any(packed) else b"") + (b"\x10" + number(time_ms) if time_ms else b""))


def series(labels: Mapping[str, str], samples: Iterable[Sample], more: bytes = b"") -> bytes:
    run = b"".join(label(name, value) for name, value in sorted(labels.items()))
    return holding(1, run + b"".join(sample(*each) for each in samples) + more)


def request(*sent: Series) -> bytes:
    return b"".join(series(labels, samples) for labels, samples in sent)


def metadata(kind: int, family: str, text: str, unit: str = "") -> bytes:
    texts = ((2, family), (4, text), (5, unit))
    return holding(3, b"\x08" + number(kind) + b"".join(holding(tag, part.encode()) for tag, part in texts if part))
