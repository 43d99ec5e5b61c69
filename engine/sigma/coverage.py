"""Rules that no event will ever be tried on, because nobody feeds their log source."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from engine.sigma.logsources import covers
from engine.sigma.model import Correlation, Detection, LogSource, SigmaRule


class Uncovered(NamedTuple):
    """A rule that cannot fire. `wants` are the log sources that are missing, of a correlation those of its rules."""

    rule: SigmaRule
    wants: tuple[LogSource, ...]


def uncovered(rules: Sequence[SigmaRule], fed: Iterable[LogSource]) -> tuple[Uncovered, ...]:
    """The rules, in their order, that nobody feeds, given the log sources that somebody does.

    A detection is fed by an event of its log source. A temporal correlation needs all of its rules (but where its
    condition is an expression over them), any other at least one of them.
    """
    by_id = {rule.id: rule for rule in rules}
    known = dict.fromkeys(fed)
    found = ((rule, tuple(dict.fromkeys(_missing(rule, by_id, known)))) for rule in rules)
    return tuple(Uncovered(rule, wants) for rule, wants in found if wants)


def _missing(rule: SigmaRule, by_id: Mapping[str, SigmaRule], fed: Mapping[LogSource, None]) -> list[LogSource]:
    """What is missing for the rule to be able to fire; nothing where it is able to."""
    match rule.does:
        case Detection(logsource=wanted):
            return [] if any(covers(wanted, event) for event in fed) else [wanted]
        case Correlation() as correlation:
            below = [_missing(by_id[each], by_id, fed) for each in correlation.rules if each in by_id]
            needs_all = correlation.type in ("temporal", "temporal_ordered") and correlation.nested is None
            missing = [wanted for each in below for wanted in each]
            return missing if needs_all or all(below) else []
