"""What varies from line to line, and what is left of a message without it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analysis.masking import MOST_CHARACTERS, MOST_WORDS, masked


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("took 17 of 3.5ms", "took <num> of <num>ms"),
        ("from 192.0.2.7:4022 by 2001:db8::7 via ::1", "from <ip>:<num> by <ip> via <ip>"),
        ("link de:ad:be:ef:00:01 on eth0", "link <mac> on eth0"),
        ("at 0x7ffe12 commit 1f3a9bc2", "at <hex> commit <hex>"),
        ("request f81d4fae-7dec-11d0-a765-00a0c91e6bf6 done", "request <uuid> done"),
        ("cannot open /var/lib/app-2/data.db: denied", "cannot open <path>: denied"),
        ("GET https://ann@example.org/a?b=1 failed", "GET <url> failed"),
        ("since 2024-03-04T06:25:01.120+01:00, 06:25:01,5", "since <time>, <time>"),
        ("worker-12 shard[7] eth0 v1", "worker-<num> shard[<num>] eth0 v1"),
        ("std::vector and/or decade facade", "std::vector and/or decade facade"),
        ("password=[redacted:password]  \t two", "password=[redacted:password] two"),
        (" \t ", ""),
    ],
)
def test_what_varies_is_a_placeholder(text: str, left: str) -> None:
    """Numbers, addresses, times and paths go; words and names stay, in single spaces."""
    assert masked(text) == left


@given(st.text(st.sampled_from("a1f:/.-x \n<*>é"), max_size=3 * MOST_CHARACTERS))
def test_what_is_left_is_bounded(text: str) -> None:
    """However long a message is."""
    left = masked(text)
    assert len(left.split()) <= MOST_WORDS + 1
    assert left == " ".join(left.split())


def test_a_long_message_is_cut_where_a_word_ends() -> None:
    """So that what is cut is the same template, whatever came behind."""
    assert masked("w " * 100) == "w " * MOST_WORDS + "…"
    cut = masked(("abc " * 10 + "d" * 40 + " ") * 40)
    assert cut.endswith(" …")


@pytest.mark.parametrize(
    "unit", ["a-", "12:", "::", "/a", "/", "1.", "0x", "ab1", "f" * 8 + "-", "http://", "2024-01-01T"]
)
def test_no_text_takes_long(unit: str) -> None:
    """A hundred of the worst that somebody could write into a log, each in much less than 10 ms of CPU time."""
    text = unit * (MOST_CHARACTERS // len(unit)) + "!"
    started_s = time.process_time()
    for _ in range(100):
        masked(text)
    assert time.process_time() - started_s < 1
