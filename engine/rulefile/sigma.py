"""Sigma rules among the files: which they are, and what they say together with the rules over events in our own."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.rulefile import sigma_pipelines
from engine.rulefile.errors import RuleError
from engine.rulefile.inline import Inline
from engine.rulefile.messages import field_path
from engine.rulefile.sigma_cache import SigmaCache
from engine.rulefile.yamlparse import YamlError, documents
from engine.rulefile.yamltree import Mark, Node, Scalar, locate
from engine.rulefile.yamltyped import typed
from engine.sigma.documents import Document, SigmaProblem
from engine.sigma.model import SigmaRule
from engine.sigma.translation import PipelineError, PipelineText, Translation

_OURS = re.compile(r"^groups[ \t]*:", re.MULTILINE)
_SIGMA = re.compile(r"^(detection|correlation|filter|action|logsource)[ \t]*:", re.MULTILINE)
_PIPELINE = re.compile(r"^(transformations|postprocessing|finalizers|vars)[ \t]*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sorted:
    """Files by what they are: path → text."""

    ours: Mapping[str, str]
    sigma: Mapping[str, str]
    pipelines: Mapping[str, str]


def sort(files: Mapping[str, str]) -> Sorted:
    """Told by the fields that stand at the beginning of a line, without reading them: there can be thousands."""
    sorts: dict[str, dict[str, str]] = {"ours": {}, "sigma": {}, "pipelines": {}}
    for path, text in files.items():
        ours = _OURS.search(text)
        kind = "ours" if ours else "sigma" if _SIGMA.search(text) else "pipelines" if _PIPELINE.search(text) else "ours"
        sorts[kind][path] = text
    return Sorted(**sorts)


@dataclass(frozen=True, slots=True)
class SigmaFound:
    """The rules that can be run. Of the others `left_out` tells those of Sigma files, `errors` those of our own;
    `notes` are about rules that can be run and that their author ought to know of.
    """

    rules: tuple[SigmaRule, ...]
    errors: tuple[RuleError, ...]
    left_out: tuple[RuleError, ...]
    notes: tuple[RuleError, ...]


def read(files: Sorted, inline: Mapping[str, tuple[Inline, ...]], cache: SigmaCache) -> SigmaFound:
    """Every Sigma rule, and what is wrong with the rest."""
    of_users = tuple(PipelineText(path, text) for path, text in sorted(files.pipelines.items()))
    translation = Translation(pipelines=(*of_users, *sigma_pipelines.shipped()))
    texts = dict(files.sigma) | {path: _said(rules) for path, rules in inline.items()}

    def read_one(path: str, text: str) -> Iterable[Document]:
        if path in inline:
            return [document for rule in inline[path] for document in rule.documents()]
        return list(_documents(path, text))

    unreadable: list[RuleError] = []
    try:
        rules, problems = cache.parse(texts, read_one, translation)
    except YamlError:
        unreadable += _unreadable(files.sigma)
        bad = {error.path for error in unreadable}
        readable = {path: text for path, text in texts.items() if path not in bad}
        rules, problems = cache.parse(readable, read_one, translation)
    except PipelineError as error:
        return SigmaFound((), (RuleError(error.name, 1, 1, error.message),), (), ())
    places = _Places(files.sigma, inline)
    # The correlation of a rule of ours refers to its detection by an id that nobody wrote: the mistake is in that one.
    bases = {repr(rule.base) for rules in inline.values() for rule in rules if rule.base}
    refused = [each for each in problems if each.refused and not any(base in each.message for base in bases)]
    return SigmaFound(
        rules=rules,
        errors=tuple(places.error(problem) for problem in refused if problem.path in inline),
        left_out=(*unreadable, *(places.error(problem) for problem in refused if problem.path not in inline)),
        notes=tuple(places.error(problem) for problem in problems if not problem.refused),
    )


def _documents(path: str, text: str) -> Iterator[Document]:
    """Raises YamlError."""
    for node in documents(text):
        if not (isinstance(node, Scalar) and node.value is None):
            yield Document(path, node.mark.line, typed(node))


def _unreadable(files: Mapping[str, str]) -> Iterator[RuleError]:
    for path, text in files.items():
        try:
            list(documents(text))
        except YamlError as error:
            yield RuleError(path, error.mark.line, error.mark.column, error.problem)


def _said(rules: Sequence[Inline]) -> str:
    """What the rules of a file of ours say, for the cache to know whether it has changed."""
    return repr([tuple(rule.documents()) for rule in rules])


class _Places:
    """Where the problems are. Files are read again for it: there are few problems, and most files have none."""

    def __init__(self, files: Mapping[str, str], inline: Mapping[str, tuple[Inline, ...]]) -> None:
        self._files = files
        self._inline = inline

    def error(self, problem: SigmaProblem) -> RuleError:
        node, where = self._node(problem)
        mark = locate(node, problem.field) if node else Mark(problem.line, 1)
        return RuleError(problem.path, mark.line, mark.column, problem.message, where, field_path(problem.field))

    def _node(self, problem: SigmaProblem) -> tuple[Node | None, str]:
        for each in self._inline.get(problem.path, ()):
            place = each.rule.place
            if place.node.mark.line == problem.line:
                return place.node, place.where
        nodes = documents(self._files[problem.path]) if problem.path in self._files else ()
        return next((node for node in nodes if node.mark.line == problem.line), None), ""
