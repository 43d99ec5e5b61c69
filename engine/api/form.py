"""The parameters of a request: those of a form in its body, then those of its address. No meaning is known here."""

from collections.abc import Sequence
from urllib.parse import parse_qsl

from starlette.requests import Request

from engine.api.errors import ApiError

_FORM = "application/x-www-form-urlencoded"
_MOST_BYTES = 10 * 2**20
_MOST_FIELDS = 10_000


class Form:
    """Parameters by name, each with its values in their order."""

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def first(self, name: str) -> str:
        """Its first value; "" where there is none, as if it were given so."""
        return self._values.get(name, [""])[0]

    def every(self, name: str) -> Sequence[str]:
        return self._values.get(name, [])


async def read(request: Request) -> Form:
    """Raises `ApiError` for one that is too large."""
    body = b""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise ApiError("bad_data", f"error parsing form values: expected at most {_MOST_BYTES} bytes")
    return Form([*_pairs(body), *_pairs(request.scope["query_string"])])


def _pairs(encoded: bytes) -> Sequence[tuple[str, str]]:
    try:
        text = encoded.decode(errors="replace")
        return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise ApiError("bad_data", f"error parsing form values: expected at most {_MOST_FIELDS} fields") from error
