"""Sigma rules: from documents to what `engine.sigma.matcher` and `engine.sigma.correlate` run.

`parse` is the whole way. It is two steps, so that the first, which is slow, can be kept for files that did not change:
`Parser.parts` reads the documents of one file, `resolve` joins what all files say.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby

import msgspec

from engine.sigma.documents import Document, Refused, SigmaProblem
from engine.sigma.parse_about import about, identity, name
from engine.sigma.parse_actions import rules_of
from engine.sigma.parse_correlation import correlated
from engine.sigma.parse_detection import DetectionParser, origin_of
from engine.sigma.parse_filter import filtering
from engine.sigma.parse_pipelines import Pipelines
from engine.sigma.parse_strings import waits_for
from engine.sigma.parts import Correlated, Detected, Filtering, Parts
from engine.sigma.resolve import Resolved, resolve
from engine.sigma.translation import Translation

Part = Detected | Correlated | Filtering
PLAIN = Translation()
"""Fields are called what the rules call them, and no placeholder has values."""


def parse(documents: Iterable[Document], translation: Translation = PLAIN) -> Resolved:
    """The rules of all documents, and every problem with them, in the order of path and line.

    One that is refused takes no other with it but what refers to it. Raises PipelineError.
    """
    parser = Parser(translation)
    ordered = sorted(documents, key=lambda document: (document.path, document.line))
    files = {path: parser.parts(group) for path, group in groupby(ordered, key=lambda document: document.path)}
    return parser.resolve(files)


class Parser:
    """Reads rules with one translation."""

    def __init__(self, translation: Translation) -> None:
        """Raises PipelineError."""
        self._pipelines = Pipelines(translation.pipelines)
        self._detections = DetectionParser(self._pipelines, self._pipelines.variables | translation.placeholders)

    def parts(self, documents: Iterable[Document]) -> Parts:
        """What the documents of one file say, in their order."""
        found = _Found()
        for document, refused in rules_of(documents):
            try:
                if refused:
                    raise refused
                found.add(self._part(document, found))
            except Refused as reason:
                found.problem(document.line, reason)
        return found.parts()

    def resolve(self, files: Mapping[str, Parts]) -> Resolved:
        """The rules of all files, by path."""
        return resolve(files, self._pipelines, self._detections)

    def _part(self, document: Document, found: "_Found") -> Part:
        content, line = document.content, document.line
        if "correlation" in content:
            return correlated(content, line)
        if "filter" in content:
            return filtering(content, line, self._detections)
        if "detection" not in content:
            raise Refused("expected a Sigma rule, with detection, correlation or filter")
        said, origin = about(content), origin_of(content)
        try:
            detection, said, waiting = self._detections.detection(content["detection"], said, origin)
        except Refused as refused:
            raise refused.below("detection") from refused
        if waiting:
            found.problem(line, Refused(waits_for(waiting), ("detection",)), refused=False)
        return Detected(line, identity(content), name(content), said, origin, detection)


class _Found:
    """What has been read of a file so far."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._problems: list[SigmaProblem] = []

    def add(self, part: Part) -> None:
        """Raises Refused for what no bundle could hold."""
        try:
            msgspec.msgpack.encode(part)
        except UnicodeEncodeError:
            raise Refused("holds half of a surrogate pair, which is no text") from None
        except OverflowError:
            raise Refused("holds an integer of more than 64 bits") from None
        self._parts.append(part)

    def problem(self, line: int, reason: Refused, *, refused: bool = True) -> None:
        self._problems.append(SigmaProblem("", line, reason.message, reason.field, refused))

    def parts(self) -> Parts:
        return Parts(
            tuple(part for part in self._parts if isinstance(part, Detected)),
            tuple(part for part in self._parts if isinstance(part, Correlated)),
            tuple(part for part in self._parts if isinstance(part, Filtering)),
            tuple(self._problems),
        )
