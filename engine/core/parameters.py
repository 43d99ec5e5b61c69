"""What a playbook is run with: the given values against its declaration. Asked before a request is sent, and when it
is decided on.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from engine.core.program import Parameter
from schemas.durations import duration_ms
from schemas.regexp import compile_regexp
from schemas.wording import shown

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
LONGEST = 4_096
"""Characters of a value."""


class ParametersInvalid(ValueError):
    """Every problem with what was given, each in one line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def bound(parameters: Sequence[Parameter], given: Mapping[str, str]) -> dict[str, str]:
    """The value of each parameter, by name. Raises `ParametersInvalid`."""
    problems = list(_problems(parameters, given))
    if problems:
        raise ParametersInvalid(problems)
    return {each.name: given.get(each.name, each.default or "") for each in parameters}


def _problems(parameters: Sequence[Parameter], given: Mapping[str, str]) -> Iterator[str]:
    known = {each.name for each in parameters}
    for name in given:
        if name not in known:
            yield f"{name}: there is no such parameter, expected {', '.join(sorted(known)) or 'none'}"
    for each in parameters:
        if each.name in given:
            if problem := problem_of(each, given[each.name]):
                yield f"{each.name}: {problem}"
        elif each.default is None:
            yield f"{each.name}: is required"


def problem_of(parameter: Parameter, value: str) -> str:
    """What is wrong with a value; empty where nothing is."""
    if len(value) > LONGEST:
        return f"expected at most {LONGEST} characters, got {len(value)}"
    if parameter.choices and value not in parameter.choices:
        return f"expected one of {', '.join(parameter.choices)}, got {shown(value)}"
    if parameter.pattern and not compile_regexp(parameter.pattern).fullmatch(value):
        return f"expected text that fits {parameter.pattern}, got {shown(value)}"
    return _problem_of_type(parameter, value)


def _problem_of_type(parameter: Parameter, value: str) -> str:
    match parameter.type:
        case "integer":
            if not _INTEGER.fullmatch(value):
                return f"expected a whole number, got {shown(value)}"
            return _outside(parameter, int(value), "")
        case "number":
            if not _NUMBER.fullmatch(value):
                return f"expected a number, got {shown(value)}"
            if not isfinite(float(value)):
                return f"expected a number below 1e308, got {shown(value)}"
            return _outside(parameter, float(value), "")
        case "boolean":
            return "" if value in ("true", "false") else f"expected true or false, got {shown(value)}"
        case "duration":
            try:
                return _outside(parameter, duration_ms(value) / 1000, " seconds")
            except ValueError as error:
                return str(error)
        case "text":
            return _outside(parameter, len(value), " characters")


def _outside(parameter: Parameter, size: float, unit: str) -> str:
    if parameter.least is not None and size < parameter.least:
        return f"expected {parameter.least:g}{unit} or more, got {size:g}"
    if parameter.most is not None and size > parameter.most:
        return f"expected {parameter.most:g}{unit} or less, got {size:g}"
    return ""
