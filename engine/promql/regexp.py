"""Regular expressions of matchers and functions, with PromQL's errors; the dialect itself is in `schemas.regexp`."""

import re

from engine.promql.errors import PromqlError
from schemas import regexp


def compile_regexp(pattern: str) -> re.Pattern[str]:
    """`pattern` for use with `fullmatch`. Raises `PromqlError` for what Python has no equivalent of."""
    try:
        return regexp.compile_regexp(pattern)
    except ValueError as error:
        raise PromqlError(str(error)) from error
