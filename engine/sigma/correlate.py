"""Correlations over time: what many occurrences of rules say together. See docs/correlations.md for what each means.

`Correlator` knows which correlation refers to which rule and passes on what they raise, for a correlation is a rule
too. How each decides is in `correlate_rule`, on windows of `correlate_window` and `correlate_rules`.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping

from engine.sigma.correlate_groups import Group
from engine.sigma.correlate_model import Key, Limits, Occurred, Raised, Result
from engine.sigma.correlate_rule import Correlating, Wake
from engine.sigma.correlate_saved import decode, encode, known
from engine.sigma.model import Correlation

Timer = tuple[int, int, Key]
"""When, the place of the correlation, and of which group."""

_SPARE_TIMERS = 1_000
"""So many timers of groups that are gone may lie about before they are cleared away."""


class Correlator:
    """All correlations of a set of rules. `now_ms` never runs backwards, but by `set_back`. Before anything else of a
    message, the caller asks `due`.
    """

    def __init__(self, rules: Mapping[str, Correlation], limits: Limits) -> None:
        """Rules by id, none of which refers to itself, not even through others. Raises ValueError for a condition that
        cannot be run.
        """
        self.limits = limits
        self._seq = 0
        self._event = ""
        self._timers: list[Timer] = []
        self._use(rules, {})

    # --- what comes ---

    def observe(self, occurred: Occurred, now_ms: int) -> tuple[Result, ...]:
        """All that holds now because of it, what is raised by what was raised included."""
        concerned = self._by_rule.get(occurred.rule)
        if concerned is None:
            return ()
        if occurred.event != self._event:
            self._event = occurred.event
            self._seq += 1
        out: list[Result] = []
        if occurred.rule in self._nested:
            self._cascade([occurred], now_ms, out)
        else:
            for rank in concerned:
                self._ranked[rank].observe(occurred, self._seq, now_ms, self._wakes[rank], out)
        return tuple(out)

    def _cascade(self, occurrences: Iterable[Occurred], now_ms: int, out: list[Result]) -> None:
        """Each correlation after all those that it refers to, so that it raises a group once at most."""
        waiting: dict[int, list[Occurred]] = {}
        for occurred in occurrences:
            self._pass_on(occurred, waiting)
        while waiting:
            rank = min(waiting)
            correlating = self._ranked[rank]
            results: list[Result] = []
            raised: dict[tuple[tuple[str, str], ...], tuple[Raised, Occurred]] = {}
            for occurred in waiting.pop(rank):
                before = len(results)
                correlating.observe(occurred, self._seq, now_ms, self._wakes[rank], results)
                raised |= {each.group: (each, occurred) for each in results[before:] if isinstance(each, Raised)}
            out += [each for each in results if not isinstance(each, Raised) or raised[each.group][0] is each]
            for each, cause in raised.values():
                self._pass_on(_occurrence(correlating, each, cause), waiting)

    def _pass_on(self, occurred: Occurred, waiting: dict[int, list[Occurred]]) -> None:
        for rank in self._by_rule.get(occurred.rule, ()):
            waiting.setdefault(rank, []).append(occurred)

    # --- what time brings ---

    @property
    def next_due_ms(self) -> int | None:
        """When `due` may have something to tell; earlier there is nothing."""
        while self._timers and self._group(self._timers[0]) is None:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _group(self, timer: Timer) -> Group | None:
        """Whom a timer is for, if it is still waited for."""
        due_ms, rank, key = timer
        group = self._ranked[rank].groups.get(key)
        return group if group is not None and group.due_ms == due_ms else None

    def due(self, now_ms: int) -> tuple[Result, ...]:
        """What has come due by now, in order: of absences, and of windows that are decided when they are over."""
        out: list[Result] = []
        while self._timers and self._timers[0][0] <= now_ms:
            timer = heapq.heappop(self._timers)
            group = self._group(timer)
            if group is None:
                continue
            correlating, wake = self._ranked[timer[1]], self._wakes[timer[1]]
            raised = correlating.come_due(group, now_ms, wake)
            if raised is not None:
                out.append(raised)
                self._seq += 1
                self._event = ""
                cause = Occurred(raised.rule, {}, raised.time_ms, group.source, "")
                self._cascade([_occurrence(correlating, raised, cause)], now_ms, out)
        return tuple(out)

    def forget(self, now_ms: int) -> None:
        """Give up the groups that no window holds anything of: for now and then, since it changes nothing but the room
        there is. Asked after `due`.
        """
        for correlating in self._ranked:
            correlating.forget(now_ms)

    def silent(self, rule: str) -> tuple[tuple[tuple[str, str], ...], ...]:
        """The groups of an absence that is raised, as `Raised` names them."""
        found = [each for each in self._ranked if each.rule == rule]
        return tuple(each.named(group) for each in found for group in each.groups if group.silent_ms is not None)

    # --- what is counted ---

    @property
    def groups(self) -> int:
        """How many there are."""
        return sum(len(correlating.groups) for correlating in self._ranked)

    @property
    def entries(self) -> int:
        """How many times and values are kept for them."""
        return sum(correlating.groups.size for correlating in self._ranked)

    @property
    def evicted(self) -> Counter[tuple[str, str]]:
        """What was given up although it might have mattered, by rule and reason: `groups` and `share` (too many, of
        all or of one node), `entries` (groups, for what they hold), `values` (of one group).
        """
        return Counter(
            {(each.rule, reason): count for each in self._ranked for reason, count in sorted(each.evicted.items())}
        )

    @property
    def passed_over(self) -> Counter[str]:
        """By rule, the occurrences without a field to group by, or without the value that is counted."""
        return Counter({each.rule: each.passed_over for each in self._ranked if each.passed_over})

    # --- the rules, and the state as bytes ---

    def replace(self, rules: Mapping[str, Correlation]) -> None:
        """Other rules. Those that say the same keep what they know, others begin anew. Raises as `__init__` does."""
        self._use(rules, {each.rule: each for each in self._ranked})

    def set_back(self, by_ms: int) -> None:
        """The journal's clock was ahead by so much: all times go back with it."""
        for group in (group for correlating in self._ranked for group in correlating.groups):
            group.set_back(by_ms)
        self._timers = self._waiting()

    def dump(self) -> bytes:
        """All that is known."""
        return encode(self._seq, self._event, self._ranked)

    def load(self, data: bytes) -> None:
        """Go on where the correlator was that wrote it, with the same limits and as far as it had the same rules.
        Raises `msgspec.MsgspecError` for anything that is no dump.
        """
        saved = decode(data)
        self._seq, self._event = saved.seq, saved.event
        self._use({each.rule: each.says for each in self._ranked}, known(saved, self.limits))

    def _use(self, rules: Mapping[str, Correlation], known: Mapping[str, Correlating]) -> None:
        ranked = []
        for rule in _ranking(rules):
            same = known.get(rule)
            keep = same is not None and same.says == rules[rule]
            ranked.append(same if same and keep else Correlating(rule, rules[rule], self.limits))
        self._ranked = ranked
        self._by_rule = _by_rule(ranked)
        self._nested = {
            rule for rule, ranks in self._by_rule.items() if any(ranked[rank].rule in self._by_rule for rank in ranks)
        }
        self._wakes = [self._wake(rank) for rank in range(len(ranked))]
        self._timers = self._waiting()
        self._most_timers = _SPARE_TIMERS

    def _wake(self, rank: int) -> Wake:
        def wake(due_ms: int, key: Key) -> None:
            heapq.heappush(self._timers, (due_ms, rank, key))
            if len(self._timers) > self._most_timers:
                self._timers = self._waiting()
                self._most_timers = 2 * self.groups + _SPARE_TIMERS

        return wake

    def _waiting(self) -> list[Timer]:
        """The timers of all groups: what is left of those that had to go is not among them."""
        return sorted(
            (group.due_ms, rank, group.key)
            for rank, correlating in enumerate(self._ranked)
            for group in correlating.groups
            if group.due_ms is not None
        )


def _by_rule(ranked: Iterable[Correlating]) -> dict[str, tuple[int, ...]]:
    """Which correlations refer to a rule."""
    found: dict[str, tuple[int, ...]] = {}
    for rank, correlating in enumerate(ranked):
        for rule in dict.fromkeys(correlating.says.rules):
            found[rule] = (*found.get(rule, ()), rank)
    return found


def _occurrence(correlating: Correlating, raised: Raised, cause: Occurred) -> Occurred:
    """What is raised, as something that its own correlations are told."""
    data = correlating.data(raised, {} if raised.at_end else cause.data)
    return Occurred(raised.rule, data, raised.time_ms, cause.source, cause.event)


def _ranking(rules: Mapping[str, Correlation]) -> list[str]:
    """Ids, each after all those that it refers to; otherwise in their order."""
    depths: dict[str, int] = {}

    def depth(rule: str, above: tuple[str, ...]) -> int:
        assert rule not in above, f"{rule} refers to itself"
        if rule not in depths:
            below = [depth(each, (*above, rule)) for each in rules[rule].rules if each in rules]
            depths[rule] = max(below, default=-1) + 1
        return depths[rule]

    return sorted(rules, key=lambda rule: (depth(rule, ()), rule))
