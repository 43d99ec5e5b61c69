"""How rules name each other: by id, or by the name that a rule gives itself."""

from collections.abc import Mapping
from typing import NamedTuple

from engine.sigma.documents import Refused, SigmaProblem
from engine.sigma.parts import Correlated, Detected, Parts


class Entry(NamedTuple):
    """A rule and the file that it is from."""

    path: str
    part: Detected | Correlated

    @property
    def id(self) -> str:
        return self.part.id


class References:
    """All rules of all files. Where an id is given twice, the first is the rule and the others are refused."""

    def __init__(self, files: Mapping[str, Parts]) -> None:
        self.by_id: dict[str, Entry] = {}
        self.problems: list[SigmaProblem] = []
        self._named: dict[str, list[Entry]] = {}
        for path, parts in files.items():
            rules: list[Detected | Correlated] = [*parts.detections, *parts.correlations]
            for part in sorted(rules, key=lambda part: part.line):
                self._add(Entry(path, part))

    def _add(self, entry: Entry) -> None:
        first = self.by_id.setdefault(entry.id, entry)
        if first is not entry:
            message = f"another rule has the id {entry.id!r}: {first.path}:{first.part.line}"
            self.problems.append(SigmaProblem(entry.path, entry.part.line, message, ("id",)))
        elif entry.part.name:
            self._named.setdefault(entry.part.name, []).append(entry)

    def find(self, reference: str, path: str) -> Entry:
        """The rule that a document of the file `path` means, first of all one in the same file. Raises Refused."""
        if found := self.by_id.get(reference.lower()):
            return found
        named = self._named.get(reference, [])
        near = [entry for entry in named if entry.path == path] or named
        if not near:
            raise Refused(f"there is no rule with the id or name {reference!r}")
        if len(near) > 1:
            places = ", ".join(f"{entry.path}:{entry.part.line}" for entry in near)
            raise Refused(f"several rules have the name {reference!r}: {places}")
        return near[0]
