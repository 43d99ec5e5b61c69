"""What is done with one label set: its name taken away, or all but the labels by which it belongs with others."""

from dataclasses import dataclass

from schemas.labels import METRIC_NAME, Labels

METADATA = frozenset({METRIC_NAME, "__type__", "__unit__"})
"""What no longer holds of values once a function has changed them."""


def nameless(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] not in METADATA)


def value_of(labels: Labels, name: str) -> str:
    """The value of one label, `""` where it is absent."""
    return next((value for label, value in labels if label == name), "")


@dataclass(frozen=True, slots=True)
class Grouping:
    """`by`/`on` these label names, or `without`/`ignoring` them and the metric name."""

    by: bool
    names: tuple[str, ...]

    def of(self, labels: Labels) -> Labels:
        if self.by:
            return tuple(pair for pair in labels if pair[0] in self.names)
        return tuple(pair for pair in labels if pair[0] not in self.names and pair[0] != METRIC_NAME)

    def closed(self, names: frozenset[str] | None) -> frozenset[str] | None:
        """The label names that can be left of `names` (None: any)."""
        if self.by:
            return frozenset(self.names) if names is None else names & frozenset(self.names)
        return None if names is None else names - frozenset(self.names) - {METRIC_NAME}


NAMELESS = Grouping(by=False, names=())
