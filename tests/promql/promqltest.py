"""Runs Prometheus' own test scripts (`load`, `clear`, `eval instant`, `eval range`) against this engine.

The notation is documented in Prometheus' promql/promqltest/README.md. Native histograms are not part of this engine:
they are not loaded, and an evaluation that expects one is `Unsupported`. Annotations (`expect warn`) are not compared.
"""

import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import promql_parser

from engine.promql import Plan, PromqlError, Selector, Store, compile_expr
from schemas.labels import METRIC_NAME, Labels, canonical
from schemas.samples import STALE

_EVAL = re.compile(
    r"eval(?P<fail>_fail)?\s+(?:instant\s+at\s+(?P<at>\S+)|range\s+from\s+(?P<start>\S+)\s+to\s+(?P<end>\S+)"
    r"\s+step\s+(?P<step>\S+))\s+(?P<expr>.*)",
    re.DOTALL,
)
_NUMBER = r"(?:[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|0x[0-9a-fA-F]+|[iI]nf|[nN]a[nN]))"
_RUN = re.compile(rf"(?P<first>{_NUMBER})(?P<step>[+-]{_NUMBER.removeprefix('(?:[+-]?')[:-1]})?x(?P<times>\d+)")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}
_KEEP_MS = 10**13
"""Scripts look back as far as they like, so nothing is ever too old."""


class Unsupported(Exception):
    """The script uses notation that this runner does not read."""


class Mismatch(Exception):
    """The engine's answer is not the one that the script expects."""


@dataclass
class Eval:
    """One evaluation of a script: where it is, what is asked, what is expected."""

    line: int
    expr: str
    times_ms: list[int]
    instant: bool
    fails: bool = False
    expected: list[str] = field(default_factory=list)


@dataclass
class Result:
    """`refused` is the engine's word (a load error), `unsupported` the runner's."""

    asked: Eval
    outcome: Literal["passed", "failed", "refused", "unsupported"]
    detail: str


Command = Eval | tuple[int, list[str]] | None
"""An evaluation, a `load` as (interval_ms, series lines), or None for `clear`."""


def commands(script: str) -> Iterator[Command]:
    """The commands of a script, in order."""
    block: list[tuple[int, str]] = []
    for number, line in enumerate(script.splitlines(), 1):
        text = line.strip()
        if text.startswith("#"):
            continue
        if re.match(r"(load|load_with_nhcb|clear|eval|eval_fail)(\s|$)", text):
            if block:
                yield _command(block)
            block = []
        if text:
            block.append((number, text))
    if block:
        yield _command(block)


def _command(block: list[tuple[int, str]]) -> Command:
    (number, head), body = block[0], [text for _, text in block[1:]]
    if head.startswith("clear"):
        return None
    if head.startswith("load"):
        return _duration_ms(head.split()[1]), body
    found = _EVAL.match(head)
    if found is None:
        raise Unsupported(f"line {number}: {head}")
    return _eval(number, found, body)


def _eval(number: int, found: re.Match[str], body: list[str]) -> Eval:
    if found["at"]:
        times_ms = [_duration_ms(found["at"])]
    else:
        times_ms = list(
            range(_duration_ms(found["start"]), _duration_ms(found["end"]) + 1, _duration_ms(found["step"]))
        )
    result = Eval(number, found["expr"], times_ms, bool(found["at"]), fails=bool(found["fail"]))
    for line in body:
        if line.startswith("expect"):
            result.fails |= line.startswith("expect fail")
            if line.startswith(("expect string", "expect range")):
                result.expected.append(line)
        else:
            result.expected.append(line)
    return result


def _duration_ms(text: str) -> int:
    if re.fullmatch(r"-?[\d.]+", text):
        return round(float(text) * 1000)
    parts = re.findall(r"(\d+)(ms|[smhdwy])", text)
    return (-1 if text.startswith("-") else 1) * sum(int(count) * _UNIT_MS[unit] for count, unit in parts)


def series(line: str) -> tuple[Labels, str]:
    """`name{a="b"} rest` → labels and rest; a line that is only a value has empty labels."""
    found = re.match(r"([a-zA-Z_:][\w:]*)?\s*(\{.*?(?<!\\)\})?\s*", _outside_strings(line))
    assert found is not None
    head, rest = line[: found.end()].strip(), line[found.end() :]
    if not head or (found[1] and not found[2] and not rest):
        return (), line
    if found[1] and not found[2] and re.fullmatch(rf"{_NUMBER}", head):
        return (), line
    return _labels(found[1] or "", line[found.start(2) : found.end(2)] if found[2] else ""), rest


def _outside_strings(line: str) -> str:
    """`line` with braces in quoted strings blotted out, so that they do not count."""
    return re.sub(r'"(?:\\.|[^"\\])*"', lambda token: re.sub(r"[{}]", "_", token[0]), line)


def _labels(name: str, braces: str) -> Labels:
    pairs = re.findall(r'(?:("(?:\\.|[^"\\])*"|[a-zA-Z_]\w*)\s*=\s*)?"((?:\\.|[^"\\])*)"', braces)
    labels = {(label.strip('"') or METRIC_NAME): _unescaped(value) for label, value in pairs}
    return canonical({METRIC_NAME: name, **labels})


def _unescaped(text: str) -> str:
    tree = promql_parser.parse(f'"{text}"')
    assert isinstance(tree, promql_parser.StringLiteral)
    return tree.val


def values(text: str) -> list[float | None]:
    """The series notation: `1 2 _ stale 0+10x3`; None is a gap."""
    result: list[float | None] = []
    for item in text.split():
        if item == "stale":
            result.append(STALE)
        elif gap := re.fullmatch(r"_(?:x(\d+))?", item):
            result += [None] * int(gap[1] or 1)
        elif run := _RUN.fullmatch(item):
            first, step = _number(run["first"]), _number(run["step"] or "0")
            result += _run(first, step, int(run["times"]) + 1)
        elif re.fullmatch(_NUMBER, item):
            result.append(_number(item))
        else:
            raise Unsupported(f"value {item!r}")
    return result


def _run(first: float, step: float, count: int) -> list[float | None]:
    """Added up one by one, as the original does, so that rounding is the same."""
    result: list[float | None] = []
    value = first
    for _ in range(count):
        result.append(value)
        value += step
    return result


def _number(text: str) -> float:
    return float(int(text, 16)) if "0x" in text.lower() else float(text)


def load(store: Store, interval_ms: int, lines: list[str]) -> None:
    """Append what a `load` says; of two lines for one series the last holds. Series with histograms are left out."""
    if any(re.search(r"@st\s", line) for line in lines):
        raise Unsupported("start timestamps")
    loaded = dict(series(line) for line in lines if "{{" not in line)
    for labels, text in loaded.items():
        rows = store.rows([labels])
        for nth, value in enumerate(values(text)):
            if value is not None:
                store.append(rows, nth * interval_ms, np.array([value]))


def new_store() -> Store:
    store = Store()
    store.retain([Selector((), range_ms=_KEEP_MS)])
    return store


def run(script: str, lines: Collection[int]) -> Iterator[Result]:
    """What became of each evaluation that begins on one of these lines."""
    store = new_store()
    missing = ""
    for command in commands(script):
        if command is None:
            store, missing = new_store(), ""
        elif isinstance(command, Eval):
            if command.line in lines:
                yield Result(command, "unsupported", missing) if missing else _result(store, command)
        else:
            try:
                load(store, *command)
            except Unsupported as error:
                missing = f"not loaded: {error}"


def _result(store: Store, asked: Eval) -> Result:
    try:
        plan = compile_expr(asked.expr)
    except PromqlError as error:
        return Result(asked, "refused", str(error))
    try:
        _check(store, plan, asked)
    except Unsupported as error:
        return Result(asked, "unsupported", str(error))
    except Mismatch as error:
        return Result(asked, "failed", str(error))
    return Result(asked, "passed", "")


def _check(store: Store, plan: Plan, asked: Eval) -> None:
    try:
        got = [dict(plan.evaluate(store, time_ms).items()) for time_ms in asked.times_ms]
    except PromqlError as error:
        if asked.fails:
            return
        raise Mismatch(f"failed: {error}") from error
    if asked.fails:
        raise Mismatch(f"expected a failure, got {got}")
    if any("{{" in line or line.startswith("expect") for line in asked.expected):
        raise Unsupported("histograms, strings and range vectors")
    for nth, answer in enumerate(got):
        _compare(_expected_at(asked, nth), answer)


def _expected_at(asked: Eval, nth: int) -> dict[Labels, float]:
    result = {}
    for line in asked.expected:
        labels, text = series(line)
        points = values(text)
        value = points[nth] if nth < len(points) else None
        if value is not None:
            result[labels] = value
    return result


def _compare(expected: dict[Labels, float], got: dict[Labels, float]) -> None:
    if expected.keys() != got.keys():
        raise Mismatch(f"expected {expected}, got {got}")
    for labels, value in expected.items():
        if not _almost_equal(value, got[labels]):
            raise Mismatch(f"{labels}: expected {value}, got {got[labels]}")


def _almost_equal(expected: float, got: float) -> bool:
    """Prometheus' own tolerance: a millionth."""
    if math.isnan(expected) or math.isnan(got):
        return math.isnan(expected) and math.isnan(got)
    return math.isclose(expected, got, rel_tol=1e-6, abs_tol=1e-12)
