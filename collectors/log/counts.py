"""What the collector says of itself, as samples like any other."""

from collections.abc import Iterable, Iterator

from collectors.series import Metric


class Counts:
    """Of one log, since the agent began to follow it."""

    def __init__(self, path: str, format_name: str) -> None:
        self._labels = (("path", path), ("format", format_name))
        self._lines = 0
        self._not_parsed = 0

    def line(self, *, is_parsed: bool) -> None:
        """Count a line that was read, and whether it fitted the format."""
        self._lines += 1
        self._not_parsed += not is_parsed

    def metrics(self) -> Iterator[Metric]:
        yield "reflexarc_log_lines_total", self._labels, float(self._lines)
        yield "reflexarc_log_lines_not_parsed_total", self._labels, float(self._not_parsed)


def metrics(logs: Iterable[Counts]) -> Iterator[Metric]:
    """Of all logs."""
    for counts in logs:
        yield from counts.metrics()
