"""Whether an answer is the one that a script of Prometheus' tests expects: values, order, remarks."""

import math

from engine.promql import Matrix, Note, Vector
from schemas.labels import Labels
from tests.promql.notation import series, values
from tests.promql.promqltest import Eval, Message


class Mismatch(Exception):
    """The engine's answer is not the one that the script expects."""


def labelled(line: str) -> tuple[Labels, str]:
    """Labels (none is an empty set) and points of a line."""
    labels, text = series(line)
    return labels or (), text


def check_notes(asked: Eval, notes: tuple[Note, ...]) -> None:
    for kind, level in (("warn", "warning"), ("info", "info")):
        texts = [str(note) for note in notes if note.level == level]
        if kind in asked.without and texts:
            raise Mismatch(f"expected no {kind}, got {texts}")
        if kind not in asked.messages:
            continue
        wanted = asked.messages[kind]
        unmet = [each for each in wanted if not any(each.matches(text) for text in texts)]
        unwanted = [text for text in texts if not any_matches(wanted, text)]
        if not texts or unmet or unwanted:
            raise Mismatch(f"expected {kind} {wanted}, got {texts}")


def any_matches(messages: list[Message], text: str) -> bool:
    return not messages or any(message.matches(text) for message in messages)


def check_value(asked: Eval, value: float | str | Vector | Matrix) -> None:
    match value:
        case str() as got:
            if got != asked.string:
                raise Mismatch(f"expected {asked.string!r}, got {got!r}")
        case Vector() as vector:
            _check_vector(asked, vector)
        case float() as number:
            _check_vector(asked, number)
        case tuple() as matrix:
            _check_matrix(asked, matrix)


def _check_vector(asked: Eval, got: Vector | float) -> None:
    expected = {labels: values(text)[0] for labels, text in map(series, asked.expected)}
    found = list(got.items()) if isinstance(got, Vector) else [(None, got)]
    if expected.keys() != dict(found).keys() or (asked.ordered and list(expected) != [labels for labels, _ in found]):
        raise Mismatch(f"expected {expected}, got {found}")
    for labels, value in found:
        _compare(labels, expected[labels], value)


def _check_matrix(asked: Eval, got: Matrix) -> None:
    start_ms, _, step_ms = asked.range_vector or (asked.start_ms, asked.end_ms, asked.step_ms)
    expected = {}
    for labels, text in map(labelled, asked.expected):
        points = {start_ms + nth * step_ms: value for nth, value in enumerate(values(text)) if value is not None}
        expected[labels] = points
    found = {each.labels: dict(zip(each.times_ms.tolist(), each.values.tolist(), strict=True)) for each in got}
    if {labels: points.keys() for labels, points in expected.items()} != {
        labels: points.keys() for labels, points in found.items()
    }:
        raise Mismatch(f"expected {expected}, got {found}")
    for labels, points in found.items():
        for time_ms, value in points.items():
            _compare(labels, expected[labels][time_ms], value)


def _compare(labels: Labels | None, expected: float | None, got: float) -> None:
    if expected is None or not _almost_equal(expected, got):
        raise Mismatch(f"{labels}: expected {expected}, got {got}")


def _almost_equal(expected: float, got: float) -> bool:
    """Prometheus' own tolerance: a millionth of the sum, and nothing where one of them is zero."""
    if math.isnan(expected) or math.isnan(got) or expected == got:
        return expected == got or (math.isnan(expected) and math.isnan(got))
    difference = abs(expected - got)
    if expected == 0 or got == 0 or math.isinf(difference):
        return difference < 1e-6 * 2.3e-308
    return difference / min(abs(expected) + abs(got), 1.7e308) < 1e-6
