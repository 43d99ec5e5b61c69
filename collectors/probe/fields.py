"""Kinds of values that modules are made of: regular expressions, headers that may hold secrets, addresses."""

from functools import lru_cache
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator

from collectors.prometheus.fields import is_reference, read_secret
from schemas.regexp import Regexp

_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization", "x-api-key"}


def _compiles(pattern: str) -> str:
    regexp_of(pattern)
    return pattern


@lru_cache(maxsize=1024)
def regexp_of(pattern: str) -> Regexp:
    """As Go has it, where a dot is no newline. Raises ValueError."""
    return Regexp(pattern, dot_all=False)


def _address(text: str) -> str:
    return str(ip_address(text))


def _header(value: str) -> str:
    if not value.isprintable():
        raise ValueError("expected a header without line breaks and control characters")
    return value


Pattern = Annotated[str, AfterValidator(_compiles)]
"""A regular expression of Go's (RE2), sought anywhere."""
Address = Annotated[str, AfterValidator(_address)]
HeaderValue = Annotated[str, AfterValidator(_header)]
"""A text, or where it is a secret `env:NAME` or `file:PATH`."""


def bare_secret(name: str, value: str) -> bool:
    """Whether a header that is a secret stands there in plain text."""
    return name.lower() in _SECRET_HEADERS and not is_reference(value)


def resolved(value: str) -> str:
    """The text that is meant, read anew where it is a secret. Raises OSError and ValueError saying what is missing."""
    return read_secret(value) if is_reference(value) else value
