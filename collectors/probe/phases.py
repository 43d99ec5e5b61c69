"""How long each phase of an HTTP probe took, over all its redirects; one without an end counts nothing."""

import asyncio
from collections.abc import Mapping

from collectors.probe.found import Findings

_NAME = "probe_http_duration_seconds"
_ENDS = {
    "connection.connect_tcp.complete": "connect",
    "connection.start_tls.complete": "tls",
    "http11.receive_response_headers.complete": "processing",
}
_BEGINS = {"connection.connect_tcp.started", "connection.start_tls.started", "http11.send_request_headers.started"}


class Phases:
    """Of one probe."""

    def __init__(self, found: Findings) -> None:
        self._found = found
        self._clock = asyncio.get_running_loop().time
        self._began_s = self._clock()
        for phase in ("resolve", "connect", "tls", "processing", "transfer"):
            found.put(_NAME, 0.0, phase=phase)

    def resolved(self, start_s: float) -> None:
        self._found.add(_NAME, self._clock() - start_s, phase="resolve")

    async def trace(self, event: str, info: Mapping[str, object]) -> None:  # noqa: ARG002 - so it is called
        """What the HTTP library calls at each of its own steps."""
        if event in _BEGINS:
            self._began_s = self._clock()
        elif event in _ENDS:
            self._end(_ENDS[event])

    def transferred(self) -> None:
        self._end("transfer")

    def _end(self, phase: str) -> None:
        now_s = self._clock()
        self._found.add(_NAME, now_s - self._began_s, phase=phase)
        self._began_s = now_s
