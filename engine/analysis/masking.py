"""What differs from line to line is taken out of a message before it is mined: numbers, addresses, paths.

One expression, read once over a text whose length is bounded. It is ours and linear: each alternative begins where a
word does and reads nothing in two ways, so that whoever writes the log cannot make it slow.
"""

import re

MOST_CHARACTERS = 1024
MOST_WORDS = 64
CUT = "…"
"""Stands for the rest of a longer message."""

_HEX = "[0-9a-fA-F]"

_MASKS = {
    "uuid": rf"{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}(?!\w)",
    "url": r"[a-zA-Z]{2,10}://[^\s\"'<>]+",
    "time": r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\w)"
    r"|\d\d:\d\d:\d\d(?:[.,]\d+)?(?![\w:])",
    "ip": r"\d{1,3}(?:\.\d{1,3}){3}(?![\w.]\w)",
    "mac": rf"{_HEX}{{2}}(?::{_HEX}{{2}}){{5}}(?![\w:])",
    "ip6": rf"(?=[0-9a-fA-F:]{{0,40}}?(?:\d|::))(?:{_HEX}{{0,4}}:){{2,7}}{_HEX}{{0,4}}(?![\w:])",
    "hex": rf"0[xX]{_HEX}+|(?=[a-fA-F]*\d)(?=\d*[a-fA-F]){_HEX}{{6,}}(?!\w)",
    "path": r"/[\w.@%+~-]+(?:/[\w.@%+~-]*)*",
    "num": r"\d+(?:[.,]\d+)*",
}
_ANY = re.compile(rf"(?<!\w)(?:{'|'.join(f'(?P<{name}>{mask})' for name, mask in _MASKS.items())})")
_PLACEHOLDERS = {name: f"<{name.removesuffix('6')}>" for name in _MASKS}


def masked(text: str) -> str:
    """The text in single spaces, with a placeholder such as `<num>` for each of what varies, cut where it is long."""
    is_long = len(text) > MOST_CHARACTERS
    words = _ANY.sub(_placeholder, text[:MOST_CHARACTERS]).split(None, MOST_WORDS)
    if len(words) > MOST_WORDS or (is_long and len(words) > 1):
        words[-1] = CUT  # of what was cut within a word, the word is no other each time
    return " ".join(words)


def _placeholder(found: re.Match[str]) -> str:
    return _PLACEHOLDERS[found.lastgroup or ""]
