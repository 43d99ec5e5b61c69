"""Events that rules say yes to, made of what their conditions ask for."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from engine.sigma.model import MANY, And, Detection, Keyword, LogSource, Node, Number, Or, Pattern, SigmaRule, Text
from tests.bench.sigma import linux, windows
from tests.sigma import naive

Data = dict[str, Any]


def made_of(rules: Sequence[SigmaRule], random: Random, count: int) -> Iterator[tuple[Data, LogSource]]:
    """So many, of rules that can be satisfied by texts and numbers alone. Each is true of the rule it is made of."""
    order = random.sample(rules, len(rules))
    while count:
        for rule in order:
            assert isinstance(rule.does, Detection)
            if count and (data := _satisfying(rule.does, random)) is not None:
                count -= 1
                yield data, rule.does.logsource


def _satisfying(detection: Detection, random: Random) -> Data | None:
    asked = _Asked()
    asked.satisfy(detection.condition, random)
    data = _ordinary(detection.logsource, random) | asked.data()
    return data if naive.holds(detection.condition, data) else None


def _ordinary(source: LogSource, random: Random) -> Data:
    """What the rest of such an event looks like."""
    if source.category != "process_creation":
        return {}
    return linux.started(random, linux.SHELLS) if source.product == "linux" else windows.started(random, windows.SHELLS)


class _Asked:
    """What has been asked for so far, by field."""

    def __init__(self) -> None:
        self._texts: dict[str, list[Pattern]] = {}
        self._others: Data = {}

    def satisfy(self, node: Node, random: Random) -> None:
        match node:
            case And(of):
                for part in of:
                    self.satisfy(part, random)
            case Or(of) if of:
                self.satisfy(random.choice(of), random)
            case Text(field, pattern):
                self._texts.setdefault(field.split("|")[0], []).append(pattern)
            case Keyword(pattern):
                self._texts.setdefault("message", []).append((MANY, *pattern, MANY))
            case Number(field, value):
                self._others[field.split("|")[0]] = value

    def data(self) -> Data:
        return {field: _text(patterns) for field, patterns in self._texts.items()} | self._others


def _text(patterns: Sequence[Pattern]) -> str:
    """One text for all, where there is one: those that say how it begins first, those that say how it ends last."""
    ordered = sorted(patterns, key=lambda pattern: (pattern[:1] == (MANY,)) - (pattern[-1:] == (MANY,)))
    return " ".join("".join(piece if isinstance(piece, str) else "" for piece in pattern) for pattern in ordered)
