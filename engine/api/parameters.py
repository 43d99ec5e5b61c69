"""What single parameters mean: times, durations, numbers, selectors, as Prometheus reads them."""

import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from engine.api.errors import TIMED_OUT, ApiError, bad_parameter
from engine.api.form import Form
from engine.promql import LOOKBACK_MS, Matchers, PromqlError, metric_selector
from schemas.durations import duration_ms

EARLIEST_MS = -(2**60)
LATEST_MS = 2**60
"""Beyond every sample; further away is nothing that can be asked for."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_NS = 2**63
_TRUE, _FALSE = ("1", "t", "T", "true", "TRUE", "True"), ("0", "f", "F", "false", "FALSE", "False")


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def time_ms(form: Form, name: str, default_ms: int | None = None) -> int:
    """A time as seconds since 1970 or as RFC 3339; without a default it must be given. Raises `ApiError`."""
    text = form.first(name)
    if not text and default_ms is not None:
        return default_ms
    try:
        return _time_ms(text)
    except (ValueError, OverflowError) as error:
        problem = f"cannot parse {quoted(text)} to a valid timestamp"
        optional = "" if default_ms is None else f"invalid time value for '{name}': "
        raise bad_parameter(name, optional + problem) from error


def _time_ms(text: str) -> int:
    if _RFC3339.fullmatch(text):
        return (datetime.fromisoformat(text.upper()) - _EPOCH) // timedelta(milliseconds=1)
    rest, seconds = math.modf(_number(text))
    found_ms = int(seconds) * 1000 + math.floor(rest * 1000 + 0.5)
    if not EARLIEST_MS <= found_ms <= LATEST_MS:
        raise ValueError(text)
    return found_ms


def _number(text: str) -> float:
    if text != text.strip():
        raise ValueError(text)
    return float(text)


def seconds(text: str) -> float:
    """A duration as seconds or as Prometheus writes durations. Raises ValueError."""
    problem = f"cannot parse {quoted(text)} to a valid duration"
    try:
        found_s = _number(text)
    except ValueError:
        try:
            return duration_ms(text) / 1000
        except ValueError as error:
            raise ValueError(problem) from error
    if not abs(found_s) * 1e9 < _MOST_NS:
        raise ValueError(f"{problem}. It overflows int64")
    return found_s


def step_ms(form: Form) -> int:
    """The distance between the points of a range, at least a millisecond. Raises `ApiError`."""
    try:
        found_ms = int(seconds(form.first("step")) * 1000)
    except ValueError as error:
        raise bad_parameter("step", error) from error
    if found_ms <= 0:
        problem = "zero or negative query resolution step widths are not accepted. Try a positive integer"
        raise bad_parameter("step", problem)
    return found_ms


def timeout_s(form: Form, most_s: float) -> float:
    """How long the answer may take: what is asked for, but no more than `most_s`. Raises `ApiError`."""
    if not (text := form.first("timeout")):
        return most_s
    try:
        asked_s = seconds(text)
    except ValueError as error:
        raise bad_parameter("timeout", error) from error
    if asked_s <= 0:
        raise ApiError("timeout", TIMED_OUT)
    return min(asked_s, most_s)


def check_lookback(form: Form) -> None:
    """Raises `ApiError` for any other lookback than the one that samples are kept for."""
    if not (text := form.first("lookback_delta")):
        return
    try:
        asked_s = seconds(text)
    except ValueError as error:
        raise ApiError("bad_data", f"error parsing lookback delta duration: {error}") from error
    if asked_s > 0 and asked_s * 1000 != LOOKBACK_MS:
        raise bad_parameter("lookback_delta", f"only 5m is supported, got {quoted(text)}")


def limit(form: Form, name: str = "limit") -> int:
    """0 for none. Raises `ApiError`."""
    found = whole(form.first(name) or "0", lambda problem: bad_parameter(name, f"strconv.Atoi: {problem}"))
    if found < 0:
        raise bad_parameter(name, "limit must be non-negative")
    return found


def whole(text: str, wrong: Callable[[str], ApiError]) -> int:
    """A whole number. Raises what `wrong` makes of the problem."""
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise wrong(f"parsing {quoted(text)}: invalid syntax")
    return int(text)


def truth(form: Form, name: str) -> bool:
    """False where it is not given. Raises `ApiError`."""
    text = form.first(name)
    if text not in ("", *_TRUE, *_FALSE):
        problem = f"error converting {name}: strconv.ParseBool: parsing {quoted(text)}: invalid syntax"
        raise bad_parameter(name, problem)
    return text in _TRUE


def matchers(form: Form) -> Sequence[Matchers]:
    """Each `match[]`. Raises `ApiError`."""
    try:
        return [metric_selector(text) for text in form.every("match[]")]
    except PromqlError as error:
        raise bad_parameter("match[]", error) from error
