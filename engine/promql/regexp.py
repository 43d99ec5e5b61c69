"""Regular expressions of matchers and functions, with PromQL's errors; the dialect itself is in `schemas.regexp`."""

from engine.promql.errors import PromqlError
from schemas import regexp
from schemas.regexp import Regexp


def compile_regexp(pattern: str) -> Regexp:
    """Raises `PromqlError` for a malformed one."""
    try:
        return regexp.compile_regexp(pattern)
    except ValueError as error:
        raise PromqlError(str(error)) from error
