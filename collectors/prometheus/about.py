"""What a page says of its metrics in its comments: type, help and unit, by name.

A steady target says the same for hours. So its comments are looked at only when it exposes something new and once a
minute, which is when the host names the series, and are read only when they have changed.
"""

import hashlib
import re
import sys
from collections.abc import Mapping

from collectors.prometheus.exposition import OPENMETRICS, Grammar, unquoted
from schemas.samples import LAYOUT_REFRESH_MS, Metadata

LONGEST_TEXT = 400
"""Characters of a help text or a unit that are kept."""
MOST_CHARACTERS = 500_000
"""Of all that is kept of a page, so that it fits into a message with the series."""

_COMMENT = re.compile(
    r'^#[ \t]+(HELP|TYPE|UNIT)[ \t]+([a-zA-Z_:][a-zA-Z0-9_:]*|"[^"\\]*(?:\\.[^"\\]*)*")(?:[ \t]+(.*))?$'
)
_TEXT_ESCAPE = re.compile(r"\\([\\n])")
_OPENMETRICS_ESCAPE = re.compile(r'\\([\\n"])')


class PageMetadata:
    """Follows the comments of one target."""

    def __init__(self) -> None:
        self._looked_ms = 0
        self._digest = b""
        self._found: Mapping[str, Metadata] = {}

    def of(self, text: str, grammar: Grammar, time_ms: int, *, learned: bool) -> Mapping[str, Metadata]:
        """What is said of the metrics of a page that was read. `learned`: it has series that the one before had not."""
        if learned or abs(time_ms - self._looked_ms) >= LAYOUT_REFRESH_MS:
            self._looked_ms = time_ms
            comments = [line for line in text.split("\n") if line.startswith("#")]
            digest = hashlib.blake2b("\n".join(comments).encode(), digest_size=16).digest()
            if digest != self._digest:
                self._digest, self._found = digest, metadata_of(comments, grammar)
        return self._found


def metadata_of(comments: list[str], grammar: Grammar) -> Mapping[str, Metadata]:
    """What the comment lines say; of a page that says too much, the first metrics. Strings are interned: many targets
    are of one kind."""
    escape = _OPENMETRICS_ESCAPE if grammar is OPENMETRICS else _TEXT_ESCAPE
    said: dict[str, dict[str, str]] = {}
    room = MOST_CHARACTERS
    for found in filter(None, map(_COMMENT.match, comments)):
        name = unquoted(found[2])
        words = escape.sub(lambda each: "\n" if each[1] == "n" else each[1], found[3] or "")[:LONGEST_TEXT]
        room -= len(name) + len(words)
        if room < 0:
            break
        said.setdefault(sys.intern(name), {})[found[1]] = sys.intern(words)
    return {name: _metadata(parts) for name, parts in said.items()}


def _metadata(parts: Mapping[str, str]) -> Metadata:
    kind = parts.get("TYPE", "").strip()
    return Metadata("unknown" if kind in ("", "untyped") else kind, parts.get("HELP", ""), parts.get("UNIT", ""))
