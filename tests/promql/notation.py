"""The series notation of Prometheus' tests: `name{label="value"} 1 2 _ stale 0+10x3`."""

import re

import promql_parser

from schemas.labels import METRIC_NAME, Labels, canonical
from schemas.samples import STALE

_NUMBER = r"(?:[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|0x[0-9a-fA-F]+|[iI]nf|[nN]a[nN]))"
_RUN = re.compile(rf"(?P<first>{_NUMBER})(?P<step>[+-]{_NUMBER.removeprefix('(?:[+-]?')[:-1]})?x(?P<times>\d+)")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}


def duration_ms(text: str) -> int:
    """A duration such as `1m30s` or `-5m`; a bare number is seconds."""
    if re.fullmatch(r"-?[\d.]+", text):
        return round(float(text) * 1000)
    parts = re.findall(r"(\d+)(ms|[smhdwy])", text)
    return (-1 if text.startswith("-") else 1) * sum(int(count) * _UNIT_MS[unit] for count, unit in parts)


def series(line: str) -> tuple[Labels | None, str]:
    """`name{a="b"} rest` → labels and rest; a line that is only a value has no labels at all (None)."""
    found = re.match(r"([a-zA-Z_:][\w:]*)?\s*(\{.*?(?<!\\)\})?\s*", _outside_strings(line))
    assert found is not None
    head, rest = line[: found.end()].strip(), line[found.end() :]
    if not head or (found[1] and not found[2] and not rest):
        return None, line
    if found[1] and not found[2] and re.fullmatch(rf"{_NUMBER}", head):
        return None, line
    return _labels(found[1] or "", line[found.start(2) : found.end(2)] if found[2] else ""), rest


def values(text: str) -> list[float | None]:
    """The points; None is a gap. Raises `ValueError` for what is none, such as a native histogram."""
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
            raise ValueError(f"no value: {item!r}")
    return result


def unquoted(text: str) -> str:
    """A PromQL string literal's value."""
    if text.startswith("`"):
        return text.strip("`")
    tree = promql_parser.parse(text)
    assert isinstance(tree, promql_parser.StringLiteral)
    return tree.val


def _outside_strings(line: str) -> str:
    """`line` with braces in quoted strings blotted out, so that they do not count."""
    return re.sub(r'"(?:\\.|[^"\\])*"', lambda token: re.sub(r"[{}]", "_", token[0]), line)


def _labels(name: str, braces: str) -> Labels:
    pairs = re.findall(r'(?:("(?:\\.|[^"\\])*"|[a-zA-Z_]\w*)\s*=\s*)?"((?:\\.|[^"\\])*)"', braces)
    labels = {(label.strip('"') or METRIC_NAME): unquoted(f'"{value}"') for label, value in pairs}
    return canonical({METRIC_NAME: name, **labels})


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
