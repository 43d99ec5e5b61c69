"""Regular expressions as Go has them, whatever the pattern and the text."""

import pytest

from schemas.regexp import Regexp, expand


def test_no_pattern_takes_longer_than_its_text_is_long() -> None:
    """Repetitions that are repeated would keep a backtracking engine busy for ever."""
    assert not Regexp("(a+)+b").accepts("a" * 100_000)


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        ("a|b.c", "b.c", "b"),
        ("a|b", "b", "a|b"),
        ("|a", "", "b"),
        (r"\pL+", "été", "5"),
        ("(?i)AB", "ab", "abc"),
        ("a.b", "a\nb", "ab"),
        (r"\Qa.b\E", "a.b", "axb"),
        ("{,n}", "{,n}", "n"),
    ],
)
def test_the_whole_text_must_match(pattern: str, accepted: str, refused: str) -> None:
    """As in a matcher of PromQL."""
    assert Regexp(pattern).accepts(accepted)
    assert not Regexp(pattern).accepts(refused)


@pytest.mark.parametrize("pattern", ["(", "a++", "(?=a)", r"(a)\1", r"\C", "a{1001}"])
def test_what_go_refuses_is_refused(pattern: str) -> None:
    """With the pattern, for its author."""
    with pytest.raises(ValueError, match="regular expression "):
        Regexp(pattern)


def test_references_are_gos() -> None:
    """A group that there is not, or that took no part, is empty."""
    found = Regexp("(?P<first>a)(b)?").fullmatch("a")
    assert found
    assert expand("$first ${1}x $1x $2 $3 $$", found) == "a ax    $"
