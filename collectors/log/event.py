"""From a line to an event."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec

from collectors.log.identity import FileIdentity
from collectors.log.lines import Line
from schemas.events import Event


def line_event(node: str, path: str, identity: FileIdentity, line: Line, now_ms: int) -> Event:
    """The event of one line. Its id depends only on where the line stands, so a line read twice is the same event."""
    place = "\0".join((node, str(identity), str(line.start)))
    return Event(
        id=hashlib.blake2b(place.encode(), digest_size=16).hexdigest(),
        source=path,
        type="log.line",
        time=datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        data=_data(line),
        file=str(identity),
        offset=line.end,
    )


def _data(line: Line) -> dict[str, Any]:
    text = line.content.removesuffix(b"\r").decode(errors="replace")
    if line.cut:
        return {"message": text, "truncated": True}
    if text.startswith("{"):
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError):  # not JSON, or nested beyond reason
            pass
    return {"message": text}
