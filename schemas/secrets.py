"""Secrets: a configuration refers to them, and whoever uses one resolves it at that moment.

`env:NAME` is a variable of the environment, `file:PATH` a file that only its owner or group can read, and
`kubernetes:NAMESPACE/NAME/KEY` a key of a Secret; what resolves the last is handed in by whoever has a client for it.
Nothing is remembered but to take it out again of what others say: a file that is replaced counts from the next use on.
"""

import json
import os
import re
import stat
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import BaseModel
from pydantic_core import CoreSchema, core_schema

Resolver = Callable[[str], Awaitable[str]]
"""From what follows the scheme to the secret. Raises `SecretUnavailable`."""

REDACTED = "[secret]"

_FORMS = {
    "env": (re.compile(r"[A-Za-z_][A-Za-z0-9_]*"), "env:NAME"),
    "file": (re.compile(r"/.*[^/]", re.DOTALL), "file:/absolute/path"),
    "kubernetes": (re.compile(r"[a-z0-9.-]+/[a-z0-9.-]+/[A-Za-z0-9._-]+"), "kubernetes:NAMESPACE/NAME/KEY"),
}
_LOCAL = ("env", "file")
_LONGEST_BYTES = 65_536
_SHORTEST = 4
"""Characters of a secret that is taken out of texts; a shorter one is in every other word."""
_SHORTEST_PART = 8
_VALUES_KNOWN = 4
"""Of each reference: what was rotated a moment ago may still come back in an answer."""


class SecretUnavailable(Exception):
    """The reference leads to no secret that may be used. The message names the reference, and no value."""


class SecretText:
    """A text of a configuration: a reference, or for what is no secret the text itself. It does not show itself."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Raises `ValueError` for a reference that is malformed."""
        scheme, _, rest = text.partition(":")
        if scheme in _FORMS:
            pattern, form = _FORMS[scheme]
            if not pattern.fullmatch(rest):
                raise ValueError(f"expected a reference such as {form}, got {text!r}")
        self._text = text

    @property
    def reference(self) -> str | None:
        """The reference, which is no secret; None of a text that stands for itself."""
        return self._text if self.scheme else None

    @property
    def scheme(self) -> str | None:
        scheme = self._text.partition(":")[0]
        return scheme if scheme in _FORMS else None

    @property
    def literal(self) -> str | None:
        """The text that stands for itself; None of a reference."""
        return None if self.scheme else self._text

    def __repr__(self) -> str:
        return f"SecretText({self.reference or '…'})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretText) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


def variables(configured: object) -> Iterator[str]:
    """The variables of the environment that a configuration refers to, which hold secrets."""
    match configured:
        case SecretText() if configured.scheme == "env":
            yield str(configured.reference).removeprefix("env:")
        case BaseModel():
            yield from variables(dict(configured))
        case dict():
            yield from variables(list(configured.values()))
        case list() | tuple():
            for each in configured:
                yield from variables(each)


class Secrets:
    """Resolves references, and knows what it resolved. `resolvers` are those of further schemes."""

    def __init__(self, resolvers: Mapping[str, Resolver] | None = None) -> None:
        self._resolvers: Mapping[str, Resolver] = {"env": _environment, "file": _file, **(resolvers or {})}
        self._known: dict[str, tuple[str, ...]] = {}

    async def resolve(self, text: SecretText) -> str:
        """The secret as it is now. Raises `SecretUnavailable`."""
        reference, scheme = text.reference, text.scheme
        if reference is None or scheme is None:
            return text.literal or ""
        if scheme not in self._resolvers:
            raise SecretUnavailable(f"{reference}: nothing that resolves {scheme} secrets is installed")
        value = await self._resolvers[scheme](reference.removeprefix(f"{scheme}:"))
        if not value:
            raise SecretUnavailable(f"{reference}: it is empty")
        known = self._known.get(reference, ())
        if value not in known:
            self._known[reference] = (value, *known)[:_VALUES_KNOWN]
        return value

    async def check(self, *texts: SecretText) -> None:
        """Make sure, at the start, of those that are on this machine: a mistake is better found now than in the night.

        Raises `SecretUnavailable`.
        """
        for text in texts:
            if text.scheme in _LOCAL:
                await self.resolve(text)

    def redact(self, text: str) -> str:
        """The text without any secret that was resolved, however it is quoted."""
        found = {form for values in self._known.values() for value in values for form in _forms(value)}
        for form in sorted(found, key=lambda each: (-len(each), each)):
            text = text.replace(form, REDACTED)
        return text

    def redacted(self, value: Any) -> Any:
        """Any JSON value with its texts redacted, and the names in it."""
        match value:
            case str():
                return self.redact(value)
            case dict():
                return {self.redacted(name): self.redacted(each) for name, each in value.items()}
            case list() | tuple():
                return [self.redacted(each) for each in value]
        return value


def _forms(secret: str) -> set[str]:
    """The secret and its long parts, each as it is and as URLs, JSON and Python write it."""
    parts = {secret} if len(secret) >= _SHORTEST else set()
    parts |= {part for part in secret.split() if len(part) >= _SHORTEST_PART}
    if "://" in secret:
        url = urlsplit(secret)
        queried = [value for _, value in parse_qsl(url.query)]
        parts |= {part for part in (url.path, url.query, url.password or "", *queried) if len(part) >= _SHORTEST_PART}
    return {
        form
        for part in parts
        for form in (part, quote(part), quote(part, safe=""), json.dumps(part)[1:-1], repr(part)[1:-1])
    }


async def _environment(name: str) -> str:
    if name not in os.environ:
        raise SecretUnavailable(f"env:{name}: the variable is not set")
    return os.environ[name]


def _at_once(name: str, flags: int) -> int:
    """A pipe is not waited for."""
    return os.open(name, flags | os.O_NONBLOCK)


async def _file(name: str) -> str:
    try:
        with open(name, "rb", opener=_at_once) as file:
            # Of the file that was opened, not of what has its name by now.
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise SecretUnavailable(f"file:{name}: expected a file")
            if found.st_mode & stat.S_IRWXO:
                mode = stat.filemode(found.st_mode)
                raise SecretUnavailable(f"file:{name}: everybody may use it ({mode}), expected at most -rw-rw----")
            content = file.read(_LONGEST_BYTES + 1)
    except OSError as error:
        raise SecretUnavailable(f"file:{name}: {error.strerror}") from error
    if len(content) > _LONGEST_BYTES:
        raise SecretUnavailable(f"file:{name}: expected at most {_LONGEST_BYTES} bytes")
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretUnavailable(f"file:{name}: expected text in UTF-8") from None
