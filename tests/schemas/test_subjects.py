"""Subjects: any name is one token, and no two names share one."""

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import subjects
from schemas.subjects import LONGEST_TOKEN, token, untoken

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=25)  # as long as any that is not cut


@given(names)
def test_any_name_is_one_token_and_comes_back(name: str) -> None:
    """No dots, wildcards, spaces or other bytes that a server would read otherwise."""
    assert re.fullmatch(r"[A-Za-z0-9_%-]+", token(name))
    assert untoken(token(name)) == name


@given(names, names)
def test_two_names_are_two_tokens(one: str, other: str) -> None:
    """Who may speak for one name may not thereby speak for another."""
    assert (token(one) == token(other)) == (one == other)


@given(names, names, names)
def test_every_subject_belongs_to_one_stream(one: str, two: str, three: str) -> None:
    """Whatever the names are, a message lands in the stream that is meant for it, and in no other."""
    built = {
        subjects.metrics(one, two): subjects.JOURNAL,
        subjects.events(one, two): subjects.JOURNAL,
        subjects.outcomes(one, two): subjects.JOURNAL,
        subjects.control(one, two): subjects.JOURNAL,
        subjects.inventory(one): subjects.JOURNAL,
        subjects.ticks(one): subjects.JOURNAL,
        subjects.alerts(one, two): subjects.ALERTS,
        subjects.commands(one, two, three): subjects.COMMANDS,
        subjects.audit(one): subjects.AUDIT,
        subjects.dead(subjects.events(one, two)): subjects.DEAD,
    }
    for subject, stream in built.items():
        assert [name for name, patterns in subjects.STREAM_SUBJECTS.items() if _any(patterns, subject)] == [stream]


def _any(patterns: tuple[str, ...], subject: str) -> bool:
    return any(_matches(pattern.split("."), subject.split(".")) for pattern in patterns)


def _matches(pattern: list[str], parts: list[str]) -> bool:
    if pattern[-1] == ">":
        return len(parts) >= len(pattern) and parts[: len(pattern) - 1] == pattern[:-1]
    return len(parts) == len(pattern) and all(map(fnmatchcase, parts, pattern))


@pytest.mark.parametrize(
    ("name", "printed"), [("", "%"), ("a.b", "a%2Eb"), ("*", "%2A"), ("é", "%C3%A9"), ("~", "%7E")]
)
def test_the_encoding_is_percent_encoding(name: str, printed: str) -> None:
    """Documented, so that foreign publishers can do the same."""
    assert token(name) == printed


@given(names, names, st.integers(257, 5000))
def test_a_name_of_any_length_is_a_token_of_bounded_length(name: str, other: str, length: int) -> None:
    """Names come from outside, and a server hangs up on a line that is too long; different names stay different."""
    long, longer = name + "x" * length, other + "x" * length
    assert len(token(long)) == LONGEST_TOKEN
    assert (token(long) == token(longer)) == (long == longer)
