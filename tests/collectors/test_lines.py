"""The line splitter: bytes in, lines out."""

from hypothesis import given
from hypothesis import strategies as st

from collectors.log.lines import Line, LineSplitter


def split(chunks: list[bytes], offset: int = 0, limit: int = 1000) -> list[Line]:
    splitter = LineSplitter(offset, limit)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    return lines + ([last] if (last := splitter.finish()) else [])


@st.composite
def chunked(draw: st.DrawFn) -> list[bytes]:
    """Some text rich in newlines, cut anywhere."""
    text = draw(st.lists(st.sampled_from([b"\n", b"a", b"bc", b"\r\n", b"\xff"]), max_size=60).map(b"".join))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@given(chunked(), st.integers(1, 10))
def test_lines_do_not_depend_on_how_the_bytes_came(chunks: list[bytes], limit: int) -> None:
    """Any chunking gives the same lines at the same offsets."""
    assert split(chunks, limit=limit) == split([b"".join(chunks)], limit=limit)


@given(chunked(), st.integers(0, 10**12))
def test_lines_and_offsets_account_for_every_byte(chunks: list[bytes], offset: int) -> None:
    """Each line begins where the one before ended, and its content is what stands there."""
    text = b"".join(chunks)
    lines = split(chunks, offset)
    assert [line.start for line in lines] == [offset, *(line.end for line in lines)][: len(lines)]
    assert b"".join(text[line.start - offset : line.end - offset] for line in lines) == text
    *complete, rest = text.split(b"\n")
    assert [line.content for line in lines] == ([*complete, rest] if rest else complete)


def test_a_line_waits_for_its_newline() -> None:
    """Half a line is no line yet."""
    splitter = LineSplitter(0, 100)
    assert splitter.feed(b"half") == []
    assert (splitter.start, splitter.position) == (0, 4)
    assert splitter.feed(b" done\n") == [Line(0, 10, b"half done")]


def test_a_line_longer_than_the_limit_is_cut_and_says_so() -> None:
    """Of an over-long line the beginning is kept and the next line is found where it begins."""
    assert split([b"abcdef\nabc\nabcd"], limit=3) == [
        Line(0, 7, b"abc", cut=True),
        Line(7, 11, b"abc"),
        Line(11, 15, b"abc", cut=True),
    ]


def test_an_endless_line_takes_no_more_memory_than_the_limit() -> None:
    """A file without newlines is not gathered in memory."""
    splitter = LineSplitter(0, 10)
    for _ in range(1000):
        splitter.feed(b"x" * 1000)
    assert splitter.finish() == Line(0, 1_000_000, b"x" * 10, cut=True)
