"""JSON that is not quite JSON, as an attacker may make it of what others write."""

from contextlib import suppress
from time import process_time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import decode
from schemas.events import Events
from schemas.foreign.reading import BROKEN, read_json

GREATEST = 1.7976931348623157e308


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (rb'{"file": "/tmp/\udcff.sh"}', {"file": "/tmp/\ufffd.sh"}),
        (rb'{"a": "\ud83d\ude00", "b": "\ud83d\u0041"}', {"a": "\U0001f600", "b": "\ufffdA"}),
        (b'{"file": "/tmp/\xff.sh"}', {"file": "/tmp/\ufffd.sh"}),
        (rb'{"agent": "\x22 or 1=1", "path": "C:\Windows"}', {"agent": '" or 1=1', "path": r"C:\Windows"}),
        (b'{"agent": "a\x1b[2J\x00"}', {"agent": "a\x1b[2J\x00"}),
        (b"\xef\xbb\xbf{}", {}),
        (b'{"a": NaN, "b": [-Infinity, 1e400, 1e3]}', {"a": None, "b": [-GREATEST, GREATEST, 1e3]}),
        (rb'{"c": "NaN 1e400 \ud800"}', {"c": "NaN 1e400 \ufffd"}),
    ],
)
def test_what_is_plainly_meant_is_read(written: bytes, meant: Any) -> None:
    """Strange bytes in one value hide no event from the rules."""
    assert read_json(written) == meant


@pytest.mark.parametrize("written", [b"{broken", b"", rb'{"a": "\ud83', b'{"a": 1,}', b"\xff\xfe\x00", b"[" * 100_000])
def test_what_is_no_json_is_refused(written: bytes) -> None:
    """Nobody guesses what it may have been."""
    with pytest.raises(BROKEN):
        read_json(written)


scalars = st.text() | st.integers() | st.none()


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_what_is_json_is_itself(value: Any) -> None:
    """Text that looks as if it were to be mended is not."""
    assert read_json(msgspec.json.encode(value)) == value


@given(st.lists(st.sampled_from([b'"', b"\\", b"\\u", b"d800", b"NaN", b"1e999", b"{", b"}", b":", b"\x00", b"\xff"])))
def test_any_bytes_are_read_or_refused(pieces: list[bytes]) -> None:
    """Nothing else is raised."""
    with suppress(*BROKEN):
        read_json(b"".join(pieces))


@pytest.mark.parametrize("piece", [b'"', b'"\\', b"9", b"9.", b"-9", b"1e", b"\\u"])
def test_no_text_takes_long(piece: bytes) -> None:
    """The time grows with the length, not with its square: eight times as much takes no fifty times as long."""
    short, long = (_took(piece * (size // len(piece))) for size in (50_000, 400_000))
    assert long < 50 * max(short, 0.001)


def _took(data: bytes) -> float:
    began = process_time()
    with suppress(*BROKEN):
        read_json(data + b"x")
    return process_time() - began


def test_one_strange_event_of_an_array_costs_none_of_them() -> None:
    """All are events, so that nobody hides a thousand others behind one name of a file."""
    data = rb'[{"n": 1}, {"id": "7", "source": "s", "type": "t", "data": {"n": "\udcff"}}]'
    body = decode("ops.events.web1.x", data, seq=1)
    assert isinstance(body, Events)
    assert [each.data for each in body.events] == [{"n": 1}, {"n": "\ufffd"}]
    assert not body.refused
