"""What a page is beside its values. One of the same shape is read in three passes that run in C. Pure.

A steady target exposes the same lines in the same order, scrape after scrape, and only what stands at their ends moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Self

from collectors.prometheus.exposition import TEXT, Grammar
from collectors.prometheus.page_text import is_sample_line, plain_floats


@dataclass(frozen=True, slots=True)
class PageShape:
    """`keys` are what the sample lines begin with, up to their values; `others` are the lines that are none."""

    grammar: Grammar = TEXT
    keys: Sequence[str] = ()
    others: Sequence[str] = ()
    is_sample: Sequence[bool] = ()
    is_other: Sequence[bool] = ()
    length: int = -1
    """Characters of it all without the values."""

    @classmethod
    def of(cls, text: str, grammar: Grammar, keys: Sequence[str], values: Sequence[str]) -> Self:
        """The shape of a page each of whose sample lines is a key and a value."""
        lines = text.split("\n")
        is_sample = list(map(is_sample_line, lines))
        is_other = [not sample for sample in is_sample]
        length = len(text) - sum(map(len, values))
        return cls(grammar, keys, list(compress(lines, is_other)), is_sample, is_other, length)

    def values(self, text: str, grammar: Grammar) -> list[float] | None:
        """The values of a page of this shape; None where it is of another, or needs a closer look."""
        lines = text.split("\n")
        if grammar is not self.grammar or len(lines) != len(self.is_sample):
            return None
        if list(compress(lines, self.is_other)) != self.others:
            return None
        values = list(map(str.removeprefix, compress(lines, self.is_sample), self.keys))
        # A line that does not begin with its key is left whole, and so the rest is too long.
        return plain_floats(values, len(text) - self.length)
