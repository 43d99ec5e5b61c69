"""What the configuration of `http` declares: endpoints with what is sent to them, and what their answers mean."""

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field, model_validator

from actuators import web
from actuators.parameters import Declared, Template
from schemas.plugins import PluginConfig
from schemas.secrets import SecretText

COMMAND_ID = "command_id"
"""What templates know beside the parameters: the id of the command."""
LONGEST_S = 60
MOST_ATTEMPTS = 5
_OWN_HEADERS = ("connection", "content-length", "host", "idempotency-key", "transfer-encoding")

EndpointName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
Status = Annotated[int, Field(ge=100, le=599)]


class ObserveConfig(PluginConfig):
    """Tells whether a command has happened: a GET of `url`, in which `{command_id}` stands for it, answers with one of
    the statuses `happened` or one of `absent`. Any other answer says nothing.
    """

    url: str
    headers: dict[HeaderName, SecretText] = Field(default={})
    happened: list[Status] = Field(default=[200], min_length=1)
    absent: list[Status] = Field(default=[404], min_length=1)


class EndpointConfig(Declared):
    """A request. In the path and the query of `url`, `{name}` stands for a parameter, encoded; scheme, host and port
    are as they are written here. So it does in the texts of `json_body`, and a text that is nothing else becomes the
    value itself, a number where the parameter is one. Values of `headers` may be [secrets](operations.md#secrets).

    `Idempotency-Key` is the command's id. An `idempotent` endpoint does the same once or twice: to it a request is
    sent again, `attempts` times at most, when there was no answer or one that says to try later; to any other only when
    there was no connection. An answer with a status in `expect` is success, one of 300 to 499 says that nothing was
    done; after any other, or none, `observe` is asked whether the command has happened.
    """

    method: Literal["POST", "PUT", "PATCH", "DELETE", "GET"] = "POST"
    url: str
    headers: dict[HeaderName, SecretText] = Field(default={})
    json_body: dict[str, Any] | list[Any] | None = None
    expect: list[Status] = Field(default=[200, 201, 202, 204], min_length=1)
    timeout_s: float = Field(default=10.0, gt=0, le=LONGEST_S)
    idempotent: bool = False
    attempts: int = Field(default=3, ge=1, le=MOST_ATTEMPTS)
    observe: ObserveConfig | None = None

    @model_validator(mode="after")
    def _check(self) -> "EndpointConfig":
        in_body = {name for text in _texts(self.json_body) for name in Template(text).names}
        used = {*UrlTemplate(self.url).names, *in_body}
        _known("url or json_body", used, {*self.parameters, COMMAND_ID})
        if spare := sorted(self.parameters.keys() - used):
            raise ValueError(f"parameters: neither url nor json_body uses {', '.join(spare)}")
        if own := sorted(name for name in self.headers if name.lower() in _OWN_HEADERS):
            raise ValueError(f"headers: {', '.join(own)} cannot be configured")
        try:
            json.dumps(self.json_body, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"json_body: expected JSON: {error}") from error
        if self.observe:
            asked = UrlTemplate(self.observe.url)
            _known("observe.url", set(asked.names), {*self.parameters, COMMAND_ID})
            if COMMAND_ID not in asked.names:
                raise ValueError("observe.url: expected {command_id} in it, or the answer is about no command")
            if both := sorted(set(self.observe.happened) & set(self.observe.absent)):
                raise ValueError(f"observe: {both[0]} cannot say both")
        return self

    @property
    def definition(self) -> str:
        """A digest of what it does: a decision about another definition is not carried out."""
        return hashlib.blake2b(repr(self).encode(), digest_size=6).hexdigest()


class HttpConfig(PluginConfig):
    """The endpoints by name."""

    endpoints: dict[EndpointName, EndpointConfig] = Field(default={})


class UrlTemplate:
    """A URL whose path and query have parameters in them, each of which is one part of it, whatever is in it."""

    def __init__(self, text: str) -> None:
        """Raises `ValueError` for one that is malformed, or whose host would not be fixed."""
        parts = urlsplit(text)
        if "{" in parts.scheme + parts.netloc or not parts.netloc:
            raise ValueError(f"expected a URL whose scheme and host are fixed, got {text!r}")
        if parts.fragment or "@" in parts.netloc:
            raise ValueError("url: expected no fragment, and no user or password: that is for a header")
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._segments = [Template(each) for each in parts.path.split("/")]
        self._query = Template(parts.query)
        web.checked_url(self.fill(dict.fromkeys(self.names, "x")))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for each in (*self._segments, self._query) for name in each.names)

    def fill(self, values: dict[str, str | int]) -> str:
        """Raises `ValueError` where a value would make a step up of a part of the path, or nothing."""
        encoded: dict[str, str | int] = {name: quote(str(value), safe="") for name, value in values.items()}
        segments = [each.fill(encoded) for each in self._segments]
        for template, segment in zip(self._segments, segments, strict=True):
            if template.names and segment in ("", ".", ".."):
                raise ValueError(f"{', '.join(template.names)}: expected a part of a path, got {segment!r}")
        query = self._query.fill(encoded)
        return self._origin + "/".join(segments) + (f"?{query}" if query else "")


def fill_json(template: Any, values: dict[str, str | int]) -> Any:
    """The value of the template, filled by structure: what stands for a value can become nothing but one value."""
    match template:
        case str():
            parsed = Template(template)
            whole = len(parsed.parts) == 1 and not parsed.parts[0][0] and parsed.parts[0][1]
            return values[whole] if whole else parsed.fill(values)
        case dict():
            return {name: fill_json(each, values) for name, each in template.items()}
        case list():
            return [fill_json(each, values) for each in template]
    return template


def _texts(template: Any) -> Iterator[str]:
    match template:
        case str():
            yield template
        case dict():
            for each in template.values():
                yield from _texts(each)
        case list():
            for each in template:
                yield from _texts(each)


def _known(where: str, used: set[str], known: set[str]) -> None:
    if unknown := sorted(used - known):
        raise ValueError(f"{where}: there is no parameter {', '.join(unknown)}")
