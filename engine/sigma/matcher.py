"""Detections by log source: an event is put to the rules of its own, all of one log source at once.

There is a program for each log source that rules name, with the rules of those that are wider too, so that most events
are put to one program. Where two log sources are an event's, neither wider than the other, the smaller brings its own
rules only. Programs are made when the first event comes that needs them. Nothing is kept by the log sources of events
but a bounded memory of which programs are theirs: whoever sends events chooses these.

Nothing is left out of large values: an event is searched in time linear in its size, and the literals of a rule, where
they are many, at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.sigma.logsources import wider
from engine.sigma.model import Detection, LogSource, Node
from engine.sigma.program import Program
from engine.sigma.seen import Seen

_REMEMBERED = 1024
_LONGEST = 1024
"""Characters of a log source that is remembered."""

_Rules = list[tuple[int, Node]]


class Matcher:
    """Which of the detections are true of an event.

    Their expressions and networks are well-formed: whoever made them of rules has seen to that.
    """

    def __init__(self, detections: Sequence[Detection]) -> None:
        self._rules: dict[LogSource, _Rules] = {}
        for index, detection in enumerate(detections):
            self._rules.setdefault(detection.logsource, []).append((index, detection.condition))
        self._programs: dict[LogSource, Program] = {}
        self._own: dict[LogSource, Program] = {}
        self._routes: dict[LogSource, tuple[Program, ...]] = {}

    def match(self, data: Mapping[str, Any], logsource: LogSource) -> list[int]:
        """The places of those that are, in ascending order."""
        programs = self._routes.get(logsource)
        if programs is None:
            programs = self._remembered(logsource)
        seen = Seen(data)
        return sorted([rule for program in programs for rule in program.match(data, seen)])

    def _remembered(self, source: LogSource) -> tuple[Program, ...]:
        programs = tuple(self._route(source))
        if len(source.product) + len(source.category) + len(source.service) <= _LONGEST:
            if len(self._routes) >= _REMEMBERED:
                self._routes.clear()
            self._routes[source] = programs
        return programs

    def _route(self, source: LogSource) -> Iterator[Program]:
        """The programs that have all rules for the log source between them, each once."""
        named = [each for each in wider(source) if each in self._rules]
        if named:
            largest = max(named, key=lambda each: len(self._with_wider(each)))
            if largest not in self._programs:
                self._programs[largest] = Program(self._with_wider(largest))
            yield self._programs[largest]
            for rest in [each for each in named if each not in wider(largest)]:
                if rest not in self._own:
                    self._own[rest] = Program(self._rules[rest])
                yield self._own[rest]

    def _with_wider(self, source: LogSource) -> "_Rules":
        return [rule for each in wider(source) for rule in self._rules.get(each, ())]
