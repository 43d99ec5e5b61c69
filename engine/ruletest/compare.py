"""What a case expects beside what there is: equal as promtool compares, or both as lines to be shown side by side."""

import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import zip_longest
from operator import itemgetter

from engine.ruletest.model import ExpectedAlert, ExpectedSample
from schemas.labels import Labels, text
from schemas.samples import format_value

COLUMN = 60
"""Characters of each of the two columns."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two texts that should have been equal, line by line."""

    expected: tuple[str, ...]
    got: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(_rows(self.expected, self.got))


@dataclass(frozen=True, slots=True, order=True)
class SeenAlert:
    """An alert as it is compared: sorted (name, value) pairs."""

    labels: Labels
    annotations: Labels

    def lines(self) -> Iterator[str]:
        yield text(self.labels)
        for name, value in self.annotations:
            yield f"  {name}: {value}"


def seen(labels: Mapping[str, str], annotations: Mapping[str, str]) -> SeenAlert:
    return SeenAlert(tuple(sorted(labels.items())), tuple(sorted(annotations.items())))


def compare_alerts(
    name: str, expected: Sequence[ExpectedAlert], got: Iterable[SeenAlert], *, worded: bool = True
) -> Difference | None:
    """None where the firing alerts of this name are those expected, whatever their order. With `worded` off, their
    annotations are compared only where one of those expected has some.
    """
    if not worded and all(each.exp_annotations is None for each in expected):
        got = [replace(each, annotations=()) for each in got]
    wanted = sorted(seen({**each.exp_labels, "alertname": name}, each.exp_annotations or {}) for each in expected)
    there = sorted(got)
    if wanted == there:
        return None
    return Difference(*(tuple(line for alert in side for line in alert.lines()) for side in (wanted, there)))


def compare_samples(
    expected: Iterable[ExpectedSample], got: Iterable[tuple[Labels, float]], *, fuzzy: bool
) -> Difference | None:
    """None where both have the same labels and values. As in promtool, NaN is equal to nothing."""
    wanted = sorted(((each.labels, each.value) for each in expected), key=itemgetter(0))
    there = sorted(got, key=itemgetter(0))
    if len(wanted) == len(there) and all(
        one[0] == other[0] and _equal(one[1], other[1], fuzzy=fuzzy) for one, other in zip(wanted, there, strict=True)
    ):
        return None
    return Difference(
        *(tuple(f"{text(labels)} {format_value(value)}" for labels, value in side) for side in (wanted, there))
    )


def _equal(one: float, other: float, *, fuzzy: bool) -> bool:
    """`fuzzy` lets neighbouring floats pass for the same."""
    return one == other or (fuzzy and other in (math.nextafter(one, -math.inf), math.nextafter(one, math.inf)))


# --- two columns ---


def _rows(expected: Sequence[str], got: Sequence[str]) -> Iterator[str]:
    """Marked as `diff --side-by-side` does: `|` differs, `<` is missing, `>` was not expected."""
    left_lines, right_lines = _wrapped(expected), _wrapped(got)
    left_title, right_title = ("expected" if expected else "expected: nothing"), ("got" if got else "got: nothing")
    width = max(map(len, (left_title, *left_lines)))
    yield f"    {left_title:{width}}   {right_title}"
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, left_lines, right_lines, autojunk=False).get_opcodes():
        for left, right in zip_longest(left_lines[i1:i2], right_lines[j1:j2]):
            mark = " " if tag == "equal" else "<" if right is None else ">" if left is None else "|"
            yield f"    {left or '':{width}} {mark} {right or ''}".rstrip()


def _wrapped(lines: Iterable[str]) -> list[str]:
    return [
        part
        for line in lines
        for part in textwrap.wrap(line, COLUMN, subsequent_indent="      ", drop_whitespace=False) or [""]
    ]
