"""What the receiver says of itself, as samples like any other."""

from collections import Counter
from collections.abc import Iterator

from collectors.receiving.gate import RequestCounts
from collectors.series import Metric


class Counts(RequestCounts):
    def __init__(self) -> None:
        super().__init__()
        self.samples = 0
        self.dropped: Counter[str] = Counter({"exemplar": 0, "histogram": 0})
        self.series = 0

    def metrics(self) -> Iterator[Metric]:
        yield "reflexarc_remote_write_samples_total", (), float(self.samples)
        yield "reflexarc_remote_write_series", (), float(self.series)
        yield "reflexarc_remote_write_pending_requests", (), float(self.pending)
        for kind, count in self.dropped.items():
            yield "reflexarc_remote_write_dropped_total", (("kind", kind),), float(count)
        for code, count in sorted(self.answers.items()):
            yield "reflexarc_remote_write_requests_total", (("code", str(code)),), float(count)
