"""What one probe has found so far. A probe that fails half way says what it knows; zeros say the rest."""

from collectors.series import Metric, Pairs


class ProbeFailed(Exception):
    """The target is not as it should be, in words for whoever runs it; `regexp` when a regular expression says so."""

    def __init__(self, why: str, *, regexp: bool = False) -> None:
        super().__init__(why)
        self.regexp = regexp


class Findings:
    """Gauges by name and labels; the last value counts."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, Pairs], float] = {}

    def put(self, name: str, value: float, **labels: str) -> None:
        self._values[name, tuple(labels.items())] = value

    def add(self, name: str, value: float, **labels: str) -> None:
        """To what it is."""
        key = name, tuple(labels.items())
        self._values[key] = self._values.get(key, 0.0) + value

    def metrics(self) -> list[Metric]:
        return [(name, pairs, value) for (name, pairs), value in self._values.items()]
