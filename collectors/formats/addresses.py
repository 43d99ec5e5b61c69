"""Whether a text is an address, and where it goes in an event."""

import re
from collections.abc import MutableMapping
from typing import Any

_IP = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]+(?:%[\w.-]+)?")


def is_ip(text: str) -> bool:
    """Whether it is written as an IPv4 or IPv6 address."""
    return _IP.fullmatch(text) is not None


def put_source(fields: MutableMapping[str, Any], address: str, port: str | None = None) -> None:
    """Who something came from: an address, or a name where the log's writer looked it up."""
    put_end("source", fields, address, port)


def put_end(end: str, fields: MutableMapping[str, Any], address: str, port: str | None = None) -> None:
    """One end of a connection, `source` or `destination`."""
    fields[f"{end}.ip" if _IP.fullmatch(address) else f"{end}.address"] = address
    if port and len(port) <= 5:
        fields[f"{end}.port"] = int(port)
