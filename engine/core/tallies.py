"""How much was done lately, for each limit of the policy. Asking and counting cost the same however much that is."""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from engine.core.policy import Act, Policy

Done = tuple[int, Act]
"""When a command was sent (Unix milliseconds), and what it does."""
_NEVER_MS = 1 << 62


class Tally:
    """What was counted within a sliding span. What is counted again under the same name counts once, since the last
    time, and for the most that it was counted for."""

    __slots__ = ("_counted", "_over_ms", "_within_ms", "total")

    def __init__(self, within_ms: int) -> None:
        self._within_ms = within_ms
        self._counted: dict[str, tuple[int, int]] = {}  # the oldest first
        self._over_ms = _NEVER_MS  # nothing is over before: mostly that is all that has to be known
        self.total = 0

    def at(self, now_ms: int) -> "Tally":
        """Without what is over."""
        if now_ms >= self._over_ms:
            self._drop(now_ms - self._within_ms)
        return self

    def add(self, at_ms: int, name: str, number: int) -> None:
        """It was counted, no earlier than anything else."""
        if at_ms >= self._over_ms:
            self._drop(at_ms - self._within_ms)
        _, before = self._counted.pop(name, (0, 0))
        most = number if number > before else before
        self._counted[name] = at_ms, most
        self.total += most - before
        if self._over_ms == _NEVER_MS:
            self._over_ms = at_ms + self._within_ms

    def _drop(self, until_ms: int) -> None:
        over = list(takewhile(lambda name: self._counted[name][0] <= until_ms, self._counted))
        self.total -= sum(self._counted.pop(name)[1] for name in over)
        oldest_ms, _ = next(iter(self._counted.values()), (_NEVER_MS, 0))
        self._over_ms = min(oldest_ms + self._within_ms, _NEVER_MS)

    def counted(self, name: str) -> int:
        """What is counted under the name, 0 for nothing."""
        return self._counted.get(name, (0, 0))[1]

    def room_at_ms(self, number: int, most: int) -> int | None:
        """When `number` more will not exceed `most`, with what is counted by now; None for never."""
        excess = self.total + number - most
        for at_ms, counted in self._counted.values():
            excess -= counted
            if excess <= 0:
                return at_ms + self._within_ms
        return None

    @property
    def is_empty(self) -> bool:
        return not self._counted


NOTHING = Tally(0)
"""What was counted where nothing was."""


class Tallies:
    """The tallies of a policy, by limit and what it counts per."""

    def __init__(self, policy: Policy, done: Sequence[Done] = ()) -> None:
        self._policy = policy
        self._tallies: dict[str, Tally] = {}
        since_ms = done[-1][0] - policy.longest_ms() if done else 0
        for at_ms, act in done:
            if at_ms > since_ms or at_ms == done[-1][0]:
                self.add(at_ms, act)

    def of(self, key: str, now_ms: int) -> Tally:
        """What was counted under this key of a limit, and is not over; to look at only."""
        found = self._tallies.get(key)
        return NOTHING if found is None else found.at(now_ms)

    def add(self, at_ms: int, act: Act) -> None:
        """A command was sent."""
        for key, within_ms, name, number in _counted(self._policy, act):
            tally = self._tallies.get(key)
            if tally is None:
                tally = self._tallies[key] = Tally(within_ms)
            tally.add(at_ms, name, number)

    def forget(self, now_ms: int) -> None:
        """Drop what is over."""
        for key, tally in list(self._tallies.items()):
            if tally.at(now_ms).is_empty:
                del self._tallies[key]


def flapping_key(target: str) -> str:
    """What heals of a target are counted under."""
    return f"flapping|{target}"


def _counted(policy: Policy, act: Act) -> Iterator[tuple[str, int, str, int]]:
    for limit in policy.limits:
        if limit.rate and (key := limit.key(act)):
            yield key, limit.within_ms, act.doing, 1
    for radius in policy.blast_radius:
        for each in act.by_service():
            if key := radius.key(each):
                yield key, radius.within_ms, each.touch, each.weight
    if policy.flapping.heals and act.first and act.heals:
        yield flapping_key(act.target), policy.flapping.within_ms, act.touch, 1
