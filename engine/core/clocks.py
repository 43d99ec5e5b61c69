"""How the clocks of the nodes go, seen from the journal's: what the times of their samples tell.

Only the sample that is furthest ahead says something about a clock: any other may just have come late.
"""

from collections.abc import Iterator

import msgspec


class Clock(msgspec.Struct):
    """By how much a node's samples are ahead of the journal: the most in this minute, and in the last whole one.

    Negative: its clock is slow, or all it sends comes late. None: it sent nothing.
    """

    now_ms: int | None = None
    ahead_ms: int | None = None
    told: bool = False
    """Whether it was reported to be wrong, and has not been right since."""

    def see(self, ahead_ms: int) -> None:
        """A sample of the node came."""
        self.now_ms = ahead_ms if self.now_ms is None else max(self.now_ms, ahead_ms)


def minute(clocks: dict[str, Clock], tolerated_ms: int) -> Iterator[tuple[str, int]]:
    """A minute is over: forget silent nodes, and yield those whose clock has begun to be wrong, and by how much."""
    for node, clock in list(clocks.items()):
        if clock.now_ms is None:
            del clocks[node]
            continue
        clock.ahead_ms, clock.now_ms = clock.now_ms, None
        wrong = abs(clock.ahead_ms) > tolerated_ms
        if wrong and not clock.told:
            yield node, clock.ahead_ms
        clock.told = wrong
