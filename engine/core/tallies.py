"""How much was done lately, for each limit of the policy. Asking and counting cost the same however much that is."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence

from engine.core.policy import Act, Policy

Done = tuple[int, Act]
"""When a command was sent (Unix milliseconds), and what it does."""
_NEVER_MS = 1 << 62


class Tally:
    """What was counted within a sliding span. What is counted again under the same name counts once, since the last
    time, and for the most that it was counted for."""

    def __init__(self, within_ms: int) -> None:
        self._within_ms = within_ms
        self._counted: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._over_ms = _NEVER_MS
        """Nothing is over before: mostly that is all that has to be known."""
        self.total = 0

    def at(self, now_ms: int) -> "Tally":
        """Without what is over."""
        while now_ms >= self._over_ms:
            at_ms, number = next(iter(self._counted.values()), (_NEVER_MS, 0))
            if at_ms + self._within_ms > now_ms:
                self._over_ms = at_ms + self._within_ms
            else:
                self._counted.popitem(last=False)
                self.total -= number
        return self

    def add(self, at_ms: int, name: str, number: int) -> None:
        _, before = self._counted.pop(name, (0, 0))
        most = number if number > before else before
        self._counted[name] = at_ms, most
        self.total += most - before
        self._over_ms = min(self._over_ms, at_ms + self._within_ms)

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
        self._tallies: dict[tuple[str, str], Tally] = {}
        since_ms = done[-1][0] - policy.longest_ms() if done else 0
        for at_ms, act in done:
            if at_ms > since_ms or at_ms == done[-1][0]:
                self.add(at_ms, act)

    def of(self, limit: str, per: str, now_ms: int) -> Tally:
        """What was counted for this limit of this rule, target, …, and is not over; to look at only."""
        found = self._tallies.get((limit, per))
        return NOTHING if found is None else found.at(now_ms)

    def add(self, at_ms: int, act: Act) -> None:
        """A command was sent."""
        for limit, per, within_ms, name, number in _counted(self._policy, act):
            key = limit, per
            tally = self._tallies.get(key)
            if tally is None:
                tally = self._tallies[key] = Tally(within_ms)
            tally.at(at_ms).add(at_ms, name, number)

    def forget(self, now_ms: int) -> None:
        """Drop what is over."""
        for key, tally in list(self._tallies.items()):
            if tally.at(now_ms).is_empty:
                del self._tallies[key]


FLAPPING = "flapping"


def _counted(policy: Policy, act: Act) -> Iterator[tuple[str, str, int, str, int]]:
    for limit in policy.limits:
        if limit.rate and limit.acts.has(act):
            yield limit.id, act.of(limit.per), limit.within_ms, act.doing, 1
    for radius in policy.blast_radius:
        for each in act.by_service():
            if radius.acts.has(each):
                yield radius.id, each.of(radius.per), radius.within_ms, each.touch, each.weight
    if policy.flapping.heals and act.first and act.heals:
        yield FLAPPING, act.target, policy.flapping.within_ms, act.touch, 1
