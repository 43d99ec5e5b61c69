"""Playbooks: which files they are, their mistakes, and what the core runs."""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.core import program
from engine.core.verbs import Verbs
from engine.rulefile import acts, parameters
from engine.rulefile.acts import PLAYBOOK, Offered, Path
from engine.rulefile.breadth import Breadths
from engine.rulefile.checks import Checks
from engine.rulefile.errors import RuleError
from engine.rulefile.playbook_steps import Groups, built, every_step, step_mistakes
from engine.rulefile.structure import Place, Reader
from engine.rulefile.yamltree import Mapping as Fields
from engine.rulefile.yamltree import Scalar
from schemas.playbookfile import NAME, PlaybookFile, Step
from schemas.wording import shown

_TOP = re.compile(r"^playbook[ \t]*:", re.MULTILINE)
_OTHER = re.compile(r"^groups[ \t]*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FoundPlaybook:
    """A playbook as read. `model` is None where it was not valid."""

    place: Place
    model: PlaybookFile | None

    @property
    def name(self) -> str:
        node = self.place.node.fields.get(PLAYBOOK) if isinstance(self.place.node, Fields) else None
        return node.value or "" if isinstance(node, Scalar) else ""

    @property
    def title(self) -> str:
        """As policies and halts name it."""
        return f"{self.name}@{self.model.version}" if self.model else ""


def split(files: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The files of playbooks, told by the field that stands at the beginning of a line, and the others."""
    found = {path: text for path, text in files.items() if _TOP.search(text) and not _OTHER.search(text)}
    return found, {path: text for path, text in files.items() if path not in found}


def read(reader: Reader, files: Mapping[str, str]) -> list[FoundPlaybook]:
    """The playbooks of the files, in the order of their paths."""
    documents = (reader.document(path, text, PlaybookFile, PLAYBOOK) for path, text in sorted(files.items()))
    return [FoundPlaybook(*document) for document in documents if document]


def newest(found: Sequence[FoundPlaybook]) -> dict[str, FoundPlaybook]:
    """By name, the one that is run where no version is named; one that is not valid may be any version."""
    latest: dict[str, FoundPlaybook] = {}
    for each in found:
        known = latest.get(each.name)
        if known is None or each.model is None or (known.model and each.model.version > known.model.version):
            latest[each.name] = each
    return latest


def offered(found: Sequence[FoundPlaybook]) -> dict[str, acts.Parameters | None]:
    """What each playbook is run with, by its name; None where that cannot be told."""
    return {name: parameters.declared(each.model) if each.model else None for name, each in newest(found).items()}


def check(found: Sequence[FoundPlaybook], verbs: Verbs, checks: Checks, groups: Groups) -> Iterator[RuleError]:
    """Every mistake in a playbook that its own fields cannot show."""
    known = Offered(verbs, offered(found), checks)
    yield from _repeated(found)
    latest = newest(found)
    yield from _circles(latest)
    breadths = Breadths({name: each.model for name, each in latest.items() if each.model})
    for each in found:
        if each.model:
            yield from breadths.mistakes(each.place, each.model)
            yield from parameters.mistakes(each.place, each.model)
            yield from step_mistakes(each.place, each.model, known, groups)


def build(found: Sequence[FoundPlaybook], verbs: Verbs, groups: Groups) -> tuple[program.Playbook, ...]:
    """The playbooks of files without mistakes."""
    return tuple(_built(each.place, each.model, verbs, groups) for each in found if each.model)


def _built(place: Place, model: PlaybookFile, verbs: Verbs, groups: Groups) -> program.Playbook:
    return program.Playbook(
        name=model.playbook,
        version=model.version,
        source=f"{place.path}:{place.node.mark.line}",
        summary=model.summary,
        parameters=tuple((parameters.declared(model) or {}).values()),
        steps=tuple(built(place, ("steps", nth), step, verbs, groups) for nth, step in enumerate(model.steps)),
    )


def _repeated(found: Sequence[FoundPlaybook]) -> Iterator[RuleError]:
    """A version of a playbook is there once."""
    first: dict[str, FoundPlaybook] = {}
    for each in found:
        if each.model and (earlier := first.setdefault(each.title, each)) is not each:
            message = f"version {each.model.version} of {shown(each.name)} is there twice; the first is {{}}"
            yield each.place.error(("version",), message.format(earlier.place.path))


# --- playbooks that run each other ---


def _circles(latest: Mapping[str, FoundPlaybook]) -> Iterator[RuleError]:
    """Playbooks that would run themselves, each circle told once, of the first of their names."""
    for name, each in sorted(latest.items()):
        for path, called in _calls(each):
            way = _way(latest, called, name)
            if way and name == min(way):
                yield each.place.error((*path, PLAYBOOK, NAME), f"would run itself: {' → '.join((name, *way))}")
                break


def _way(latest: Mapping[str, FoundPlaybook], first: str, to: str) -> tuple[str, ...]:
    """From one playbook to another, by what runs what; empty where nothing leads there."""
    ways: dict[str, tuple[str, ...]] = {first: (first,)}
    waiting = deque(ways)
    while waiting and to not in ways:
        here = waiting.popleft()
        for _, called in _calls(latest[here]) if here in latest else ():
            if called not in ways:
                ways[called] = (*ways[here], called)
                waiting.append(called)
    return ways.get(to, ())


def _calls(found: FoundPlaybook) -> Iterator[tuple[Path, str]]:
    steps: Iterator[tuple[Path, Step]] = every_step(found.model.steps) if found.model else iter(())
    for path, step in steps:
        if name := step.verbs.get(PLAYBOOK, {}).get(NAME):
            yield path, name
