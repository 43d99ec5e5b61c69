"""Which rules are tried on which events, by their log sources."""

from itertools import product

from engine.sigma.model import LogSource

_PARTS_OF = dict.fromkeys(("registry_add", "registry_delete", "registry_rename", "registry_set"), "registry_event")
"""Sigma's categories that are part of another: an event is of one, and rules may state either."""


def wider(source: LogSource) -> list[LogSource]:
    """Those that a rule may state to be tried on events of this one, itself first: each part, or any."""
    categories = (source.category, _PARTS_OF.get(source.category, ""), "")
    parts = product((source.product, ""), categories, (source.service, ""))
    return [LogSource(*each) for each in dict.fromkeys(parts)]


def covers(wanted: LogSource, event: LogSource) -> bool:
    """Whether a rule for `wanted` is tried on the events of a log source."""
    return wanted in wider(event)
