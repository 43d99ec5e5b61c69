"""Answers as JSON, piece by piece: a matrix can be larger than what should lie in memory twice."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec

from engine.api.errors import ApiError
from engine.api.numbers import sample, timestamp
from engine.promql import Answer, Matrix, Note, Series, Vector
from schemas.labels import Labels
from schemas.samples import format_value

TRUNCATED = "results truncated due to limit"

_json = msgspec.json.Encoder().encode


def success(data: Any, *, truncated: bool = False) -> Iterator[bytes]:
    """`data` is anything that can be written as JSON."""
    return _enveloped([_json(data)], [TRUNCATED] if truncated else [], [])


def failure(error: ApiError) -> bytes:
    return _json({"status": "error", "errorType": error.kind, "error": str(error)})


def answered(answer: Answer, time_ms: int, limit: int, infos: Sequence[str] = ()) -> Iterator[bytes]:
    """The result of a query that was asked at `time_ms`; of its series at most `limit`, 0 for all. `infos` beside its
    own notes.
    """
    truncated = limit > 0 and isinstance(answer.value, Vector | tuple) and len(answer.value) > limit
    head = b'{"resultType":"%s","result":' % answer.type.encode()
    data = chain([head], _result(answer.value, timestamp(time_ms), limit if truncated else None), [b"}"])
    warnings = [TRUNCATED] if truncated else []
    return _enveloped(data, [*warnings, *_texts(answer.notes, "warning")], [*_texts(answer.notes, "info"), *infos])


def _texts(notes: Sequence[Note], level: str) -> list[str]:
    return sorted(str(note) for note in notes if note.level == level)


def _enveloped(data: Iterable[bytes], warnings: Sequence[str], infos: Sequence[str]) -> Iterator[bytes]:
    yield b'{"status":"success","data":'
    yield from data
    for name, texts in ((b"warnings", warnings), (b"infos", infos)):
        if texts:
            yield b',"%s":%s' % (name, _json(texts))
    yield b"}"


def _result(value: float | str | Vector | Matrix, at: str, most: int | None) -> Iterator[bytes]:
    match value:
        case Vector():
            return _listed(_element(labels, number, at) for labels, number in list(value.items())[:most])
        case tuple():
            return _listed(_points(series) for series in value[:most])
        case str():
            return iter([f"[{at},".encode() + _json(value) + b"]"])
    return iter([f'[{at},"{format_value(value)}"]'.encode()])


def _listed(elements: Iterable[bytes]) -> Iterator[bytes]:
    yield b"["
    for number, element in enumerate(elements):
        yield b"," + element if number else element
    yield b"]"


def _element(labels: Labels, value: float, at: str) -> bytes:
    return b'{"metric":%s,"value":[%s]}' % (_json(dict(labels)), f'{at},"{sample(value)}"'.encode())


def _points(series: Series) -> bytes:
    pairs = zip(series.times_ms.tolist(), series.values.tolist(), strict=True)
    points = ",".join(f'[{timestamp(time_ms)},"{sample(value)}"]' for time_ms, value in pairs)
    return b'{"metric":%s,"values":[%s]}' % (_json(dict(series.labels)), points.encode())
