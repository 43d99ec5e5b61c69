"""What files say of each other: filters, correlations, and which rules make alerts of their own."""

from collections.abc import Iterator, Mapping

import msgspec

from engine.sigma.correlate_shapes import check
from engine.sigma.correlation_fields import CorrelationFields
from engine.sigma.documents import FieldPath, Refused, SigmaProblem
from engine.sigma.filters import Filters
from engine.sigma.model import And, Correlation, Detection, Node, Not, Or, SigmaRule, Text
from engine.sigma.parse_detection import DetectionParser
from engine.sigma.parse_pipelines import Pipelines
from engine.sigma.parts import Correlated, Detected, Parts
from engine.sigma.references import Entry, References

Resolved = tuple[tuple[SigmaRule, ...], tuple[SigmaProblem, ...]]


def resolve(files: Mapping[str, Parts], pipelines: Pipelines, detections: DetectionParser) -> Resolved:
    """The rules of all files, and every problem with them, by path and line."""
    files = dict(sorted(files.items()))
    references = References(files)
    filters = Filters(files, references, detections)
    correlations = _Correlations(references, pipelines)
    rules = [rule for entry in references.by_id.values() if (rule := _rule(entry, filters, correlations))]
    told = [msgspec.structs.replace(problem, path=path) for path, parts in files.items() for problem in parts.problems]
    problems = [*told, *references.problems, *filters.problems, *correlations.problems]
    return (
        tuple(sorted(rules, key=lambda rule: (rule.path, rule.line))),
        tuple(sorted(problems, key=lambda problem: (problem.path, problem.line, problem.message))),
    )


def _rule(entry: Entry, filters: Filters, correlations: "_Correlations") -> SigmaRule | None:
    does: Detection | Correlation | None
    if isinstance(entry.part, Detected):
        does = filters.applied(entry.id, entry.part)
    else:
        does = correlations.made.get(entry.id)
    if does is None:
        return None
    raises = correlations.raises.get(entry.id, True)
    return SigmaRule(
        id=entry.id, about=entry.part.about, does=does, path=entry.path, line=entry.part.line, raises=raises
    )


class _Correlations:
    """`made`: id → correlation. `raises`: of the rules that correlations refer to, whether some one wants their own
    alerts too.
    """

    def __init__(self, references: References, pipelines: Pipelines) -> None:
        self._references = references
        self._fields = CorrelationFields(references, pipelines)
        self.made: dict[str, Correlation] = {}
        self.raises: dict[str, bool] = {}
        self.problems: list[SigmaProblem] = []
        self._refused: dict[str, Refused] = {}
        for entry in references.by_id.values():
            self._add(entry, ())

    def _add(self, entry: Entry, above: tuple[str, ...]) -> None:
        """Raises nothing: what is wrong is a problem, and a reason to refuse what refers to it."""
        part = entry.part
        if isinstance(part, Detected) or entry.id in self.made or entry.id in self._refused:
            return
        try:
            self.made[entry.id] = self._correlation(entry, part, (*above, entry.id))
        except Refused as refused:
            self._refused[entry.id] = refused
            field: FieldPath = ("correlation", *refused.field)
            self.problems.append(SigmaProblem(entry.path, part.line, refused.message, field))

    def _correlation(self, entry: Entry, part: Correlated, above: tuple[str, ...]) -> Correlation:
        ids: dict[str, str] = {}
        for name, other in list(self._referred(entry, part)):
            ids[name] = other.id
            if other.id in above:
                raise Refused(f"refers to itself, through {name!r}", ("rules",))
            self._add(other, above)
            if other.id in self._refused:
                raise Refused(f"refers to {name!r}, which is refused", ("rules",))
        fields = self._fields.of(part, ids, entry.path)
        made = Correlation(
            type=part.type,
            rules=tuple(ids[name] for name in part.rules),
            timespan_ms=part.timespan_ms,
            group_by=part.group_by,
            aliases=fields.aliases,
            thresholds=part.thresholds,
            fields=fields.fields,
            percentile=part.percentile,
            nested=None if part.nested is None else _named(part.nested, ids),
        )
        try:
            check(made)
        except ValueError as error:
            raise Refused(str(error), ("condition",)) from error
        return made

    def _referred(self, entry: Entry, part: Correlated) -> Iterator[tuple[str, Entry]]:
        """What it refers to, noted as such even where something else is wrong with it."""
        missing = None
        for name in part.rules:
            try:
                other = self._references.find(name, entry.path)
            except Refused as refused:
                missing = missing or refused.below("rules")
                continue
            self.raises[other.id] = self.raises.get(other.id, False) or part.generate
            yield name, other
        if missing:
            raise missing


def _named(node: Node, ids: Mapping[str, str]) -> Node:
    """A condition over names of rules as one over their ids."""
    match node:
        case And() | Or():
            return type(node)(tuple(_named(each, ids) for each in node.of))
        case Not():
            return Not(_named(node.of, ids))
        case Text(pattern=(str(name),)):
            return Text("", (ids[name],))
    raise AssertionError(node)
