"""Sets of small numbers as text, such as `1,4-6`: which pieces of a log, counted from where it is to be read on, are in
events already."""

import re
from collections.abc import Iterable

_RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?", re.ASCII)


def written(numbers: Iterable[int]) -> str | None:
    """Of ascending numbers; None for no number."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges) or None


def read(text: str | None) -> frozenset[int]:
    """What `written` wrote; of anything else, as much as can be read."""
    found = (_RANGE.fullmatch(part) for part in (text or "").split(","))
    return frozenset(n for each in found if each for n in range(int(each[1]), int(each[2] or each[1]) + 1))
