"""Filters onto the rules that they name: a rule holds where its own condition does and that of the filter."""

from collections.abc import Iterator, Mapping

from engine.sigma.documents import Refused, SigmaProblem
from engine.sigma.logic import all_of
from engine.sigma.logsources import covers
from engine.sigma.model import About, Detection, LogSource, Node
from engine.sigma.parse_detection import DetectionParser
from engine.sigma.parse_strings import waits_for
from engine.sigma.parts import Detected, Filtering, Parts
from engine.sigma.references import References


class Filters:
    """The filters of all files. Rules of another log source are left alone, as pySigma does, but told."""

    def __init__(self, files: Mapping[str, Parts], references: References, parser: DetectionParser) -> None:
        self._parser = parser
        self._references = references
        self._of_all: list[tuple[str, Filtering]] = []
        self._of_rule: dict[str, list[tuple[str, Filtering]]] = {}
        self._read: dict[tuple[str, int, LogSource], Node] = {}
        self.problems: list[SigmaProblem] = []
        for path, parts in files.items():
            for each in parts.filters:
                self._add(path, each)

    def _add(self, path: str, each: Filtering) -> None:
        if not each.rules:
            self._of_all.append((path, each))
        for rule in each.rules:
            try:
                entry = self._references.find(rule, path)
                if not isinstance(entry.part, Detected):
                    raise Refused(f"expected a detection, {rule!r} is a correlation")
                if not covers(each.origin, entry.part.origin):
                    raise Refused(f"the rule {rule!r} is for another log source")
                filters = self._of_rule.setdefault(entry.id, [])
                if (path, each) not in filters:
                    filters.append((path, each))
            except Refused as refused:
                self._problem(path, each, refused.below("filter", "rules"))

    def _problem(self, path: str, each: Filtering, refused: Refused) -> None:
        self.problems.append(SigmaProblem(path, each.line, refused.message, refused.field, refused=False))

    def applied(self, rule: str, part: Detected) -> Detection:
        """What the rule comes to under all filters that it has."""
        further = list(self._conditions(rule, part))
        if not further:
            return part.detection
        return Detection(logsource=part.detection.logsource, condition=all_of([part.detection.condition, *further]))

    def _conditions(self, rule: str, part: Detected) -> Iterator[Node]:
        of_all = [each for each in self._of_all if covers(each[1].origin, part.origin)]
        for path, each in (*of_all, *self._of_rule.get(rule, ())):
            key = (path, each.line, part.origin)
            if key not in self._read:
                self._read[key] = self._condition(path, each, part.origin)
            yield self._read[key]

    def _condition(self, path: str, each: Filtering, origin: LogSource) -> Node:
        """With the fields of the rule's log source, which may be more than the filter's."""
        detection, _, waiting = self._parser.detection(each.detection, About(title=each.title), origin)
        if waiting:
            self._problem(path, each, Refused(waits_for(waiting), ("filter",)))
        return detection.condition
