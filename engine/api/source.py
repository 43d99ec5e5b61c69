"""What the API is told from. Everything is asked for anew with every request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.core.state import State
from schemas.samples import Metadata


def _nothing() -> Mapping[str, Metadata]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Source:
    """`ready`: the state is of now, not of some time in the past that is still read. `metadata` goes by metric name."""

    state: Callable[[], State]
    now_ms: Callable[[], int]
    ready: Callable[[], bool]
    metadata: Callable[[], Mapping[str, Metadata]] = _nothing
