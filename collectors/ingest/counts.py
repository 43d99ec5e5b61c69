"""What the receiver says of itself, as samples like any other."""

from collections import Counter
from collections.abc import Iterator

from collectors.receiving.gate import RequestCounts
from collectors.series import Metric


class Counts(RequestCounts):
    def __init__(self) -> None:
        super().__init__()
        self.events: Counter[str] = Counter()
        """New ones, by source."""
        self.retried = 0

    def metrics(self) -> Iterator[Metric]:
        yield "reflexarc_ingest_pending_requests", (), float(self.pending)
        yield "reflexarc_ingest_retried_events_total", (), float(self.retried)
        for source, count in sorted(self.events.items()):
            yield "reflexarc_ingest_events_total", (("source", source),), float(count)
        for code, count in sorted(self.answers.items()):
            yield "reflexarc_ingest_requests_total", (("code", str(code)),), float(count)
