"""The text of a whole page, before and after its lines are looked at: its end, its sample lines, their values. Pure."""

import re
from collections.abc import Sequence

from collectors.prometheus.exposition import OPENMETRICS, Grammar, Malformed
from schemas.wording import shown

_COMMENT_OR_STRING = re.compile(r'(^#.*$)|"[^"\\]*+(?:\\[\s\S][^"\\]*+)*+"', re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


def is_sample_line(line: str) -> bool:
    """Whether it is neither blank nor a comment."""
    return line != "" and line[0] != "#"


def sample_lines(text: str) -> list[str]:
    """The lines that are neither blank nor comments."""
    return [line for line in text.split("\n") if line and line[0] != "#"]


def prepared(text: str, grammar: Grammar) -> str:
    """OpenMetrics marks its end, unless nothing at all is exposed; in the text format, lines may be indented.

    Raises `Malformed`.
    """
    if grammar is OPENMETRICS:
        if text and not ("\n" + text).endswith(("\n# EOF\n", "\n# EOF")):
            raise Malformed("expected # EOF at the end; the exposition is cut short")
        return text
    indented = text.startswith((" ", "\t")) or "\n " in text or "\n\t" in text
    return _INDENT.sub("", text) if indented else text


def on_one_line(text: str) -> str:
    """The text with the line breaks within quotes escaped. They should be already, but Prometheus takes them as they
    are, and an exporter that works with it is to work with us."""
    return _COMMENT_OR_STRING.sub(lambda found: found[1] or found[0].replace("\n", r"\n"), text)


def plain_floats(values: Sequence[str], length: int | None = None) -> list[float] | None:
    """The numbers that the texts are; None where one is none, has a space, or all together have another length.

    Python would also read ` 1`, `1_000` and other scripts' digits, which the formats do not know.
    """
    joined = "".join(values)
    if (length is not None and len(joined) != length) or joined.split() != [joined]:
        return None
    if "_" in joined or not joined.isascii():
        return None
    try:
        return list(map(float, values))
    except ValueError:
        return None


def floats(values: Sequence[str], text: str) -> list[float]:
    """The values of the sample lines of `text`. Raises `Malformed`."""
    read = plain_floats(values)
    if read is not None or not values:
        return read or []
    for at, value in enumerate(values):
        try:
            float("_" if "_" in value or not value.isascii() else value)
        except ValueError as error:
            raise placed(Malformed(f"expected a number, got {shown(value)}"), text, at) from error
    raise AssertionError("one of the values was no number")


def placed(error: Malformed, text: str, at: int) -> Malformed:
    """The error with the number of the line that the sample `at` stands on."""
    numbers = [number for number, line in enumerate(text.split("\n"), 1) if line and line[0] != "#"]
    return Malformed(f"line {numbers[at]}: {error}")
