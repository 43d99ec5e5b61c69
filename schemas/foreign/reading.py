r"""JSON as others write it: what every reader takes, and what only strict ones refuse.

An event that cannot be read is one that no rule sees, and attackers choose much of the text in it: the name of a file
that is no UTF-8, a quotation mark that nginx writes as `\x22`. So what is plainly meant is read, and the rest refused.
"""

import math
import re
from typing import Any

import msgspec

BROKEN = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What reading raises: not JSON, not text, nested beyond reason."""

_JSON = msgspec.json.Decoder()
_GREATEST = 1.7976931348623157e308
# Takes all that it has looked at, so that it takes time in proportion to the length, whatever is in it.
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*+"?|(?P<none>NaN)|(?P<number>-?(?:Infinity|[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?))',
    re.DOTALL,
)
_IN_TEXT = re.compile(
    r"(?P<pair>\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|(?P<half>\\u[dD][89a-fA-F]..)|(?P<escape>\\[\"\\/bfnrtu])"
    r"|\\x(?P<byte>[0-9a-fA-F]{2})|(?P<backslash>\\)|(?P<control>[\x00-\x1f])",
    re.DOTALL,
)


def read_json(data: bytes) -> Any:
    r"""What the JSON holds. Where it is not quite JSON it is what was meant: half a surrogate pair and bytes that are
    no UTF-8 are U+FFFD, control characters themselves, `\x22` a quotation mark, the number 1e999 the greatest there
    is, and NaN null. Raises one of `BROKEN`.
    """
    try:
        return _JSON.decode(data)
    except BROKEN as error:
        meant = _meant(data)
        if meant == data:
            raise
        try:
            return _JSON.decode(meant)
        except BROKEN:
            raise error from None  # with its place in what came


def _meant(data: bytes) -> bytes:
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    return _TOKEN.sub(_token, text).encode()


def _token(found: re.Match[str]) -> str:
    if found["none"]:
        return "null"
    if number := found["number"]:
        return (
            number
            if number.isdecimal() or math.isfinite(float(number))
            else repr(math.copysign(_GREATEST, float(number)))
        )
    return _IN_TEXT.sub(_in_text, found[0])


def _in_text(found: re.Match[str]) -> str:
    if found["half"]:
        return r"\ufffd"
    if found["byte"]:
        return f"\\u00{found['byte']}"
    if found["backslash"]:
        return r"\\"
    return f"\\u{ord(found[0]):04x}" if found["control"] else found[0]
